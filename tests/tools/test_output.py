"""What commands print: one document, also where nothing may be written, and quietly no more once the reader is gone."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from provbench.registry import UserError
from provbench.suites.showing import tabulate

from .in_process import Ended, call
from .test_cli import SUITE, TOY

TABLES = "tables: [{name: first, task: toy}, {name: second, task: toy}]\n"


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE + TABLES)
    return path


@pytest.fixture
def tables(suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def run(form: str) -> Ended:
        return call(monkeypatch, capsys, "tables", suite, "--plugin", TOY, "--format", form)

    return run


class TestSeveralTables:
    def test_json_is_one_document(self, tables) -> None:
        content = json.loads(tables("json").stdout)
        assert [table["table"] for table in content["tables"]] == ["first", "second"]
        assert {cell["method"] for cell in content["tables"][0]["cells"]} == {"baseline", "cutmix"}

    def test_csv_has_one_header_and_names_the_table(self, tables) -> None:
        lines = list(csv.DictReader(io.StringIO(tables("csv").stdout)))
        assert list(dict.fromkeys(line["table"] for line in lines)) == ["first", "second"]
        assert not any(line["method"] == "method" for line in lines)

    @pytest.mark.parametrize("form", ["markdown", "latex", "html"])
    def test_other_forms_come_one_after_another(self, tables, form: str) -> None:
        each = [Path("runs/suites/toy/tables", f"{name}{tabulate.FILES[form]}") for name in ("first", "second")]
        printed = tables(form).stdout
        assert printed.split() == " ".join(file.read_text() for file in each).split()


@pytest.mark.parametrize("error", [UserError("runs: cannot be written"), PermissionError(13, "Permission denied")])
def test_tables_that_cannot_be_written_are_printed(tables, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr("provbench.suites.showing.write_tables", refuse, raising=False)
    done = tables("json")
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["tables"]) == 2
    assert f"warning: the tables' files were not written: {error}" in done.stderr


@pytest.mark.parametrize("command", [["list"], ["list", "--json"], ["--version"]])
def test_a_closed_pipe_is_no_lost_run(command: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "provbench.tools.cli", *command], stdout=pipe, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 141
    assert done.stderr == b""
