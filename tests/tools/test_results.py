"""`provbench results merge` and `provbench results export`, as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from provbench.registry import UserError
from provbench.results import RunRecord, Store
from provbench.tools.commands.results import app


def record(key: str, **fields: Any) -> RunRecord:
    plain: dict[str, Any] = {
        "suite": "demo",
        "task": "waterbirds",
        "variant": "full",
        "method": "=cutmix()",
        "phase": "final",
        "seed": 0,
        "parameters": {"lr": 0.01},
        "status": "done",
        "test": {"accuracy": 71.5},
        "curve": [{"epoch": 1, "loss": 0.7}],
    }
    return RunRecord(key=key, **{**plain, **fields})


@pytest.fixture(autouse=True)
def _any_key_is_its_identitys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The records here have short keys, and no identity."""
    monkeypatch.setattr("provbench.results.store.merging.identity_fault", lambda record: "")


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Ours and theirs: one run the same, one in conflict, one of theirs alone."""
    ours, theirs = Store(tmp_path / "ours"), Store(tmp_path / "theirs")
    for store in (ours, theirs):
        store.put(record("aa00"))
    ours.put(record("ab00"))
    theirs.put(record("ab00", test={"accuracy": 0.1 + 0.2}))
    theirs.put(record("ac00", predictions={"test": {"id": np.array(["a", "b"])}}))
    return ours.root, theirs.root


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "200"})


def test_a_merge_is_told(folders: tuple[Path, Path]) -> None:
    ours, theirs = folders
    done = run("merge", theirs, "--out", ours)
    assert done.exit_code == 1
    for part in ("ab00", "test", "{'accuracy': 71.5}", "{'accuracy': 0.30000000000000004}"):
        assert part in done.stdout
    last = done.stdout.splitlines()[-1]
    assert last == f"merged {theirs} into {ours}: 1 added, 1 the same here, 1 in conflict; 1 files beside them"
    assert Store(ours).keys() == ["aa00", "ab00", "ac00"]
    assert Store(ours).predictions("ac00", "test") is not None


def test_a_merge_as_json(folders: tuple[Path, Path]) -> None:
    ours, theirs = folders
    damaged = theirs / "records" / "ac" / "ac00.json"
    damaged.write_text("torn")
    told = run("merge", theirs, "--out", ours, "--dry-run", "--json")
    assert told.exit_code == 1
    assert json.loads(told.stdout) == {
        "dry_run": True,
        "added": [],
        "replaced": [],
        "same": ["aa00"],
        "kept": [],
        "files": 0,
        "conflicts": [
            {
                "key": "ab00",
                "field": "test",
                "here": {"accuracy": 71.5},
                "there": {"accuracy": 0.30000000000000004},
            }
        ],
        "damaged": [
            {"file": str(damaged), "reason": "its content does not have the checksum that it was written with"}
        ],
    }
    done = run("merge", theirs, "--out", ours, "--json")
    assert json.loads(done.stdout) == {**json.loads(told.stdout), "dry_run": False}


def test_a_merge_without_conflicts_ends_well(folders: tuple[Path, Path]) -> None:
    ours, theirs = folders
    (theirs / "records" / "ab" / "ab00.json").unlink()
    assert run("merge", theirs, "--out", ours).exit_code == 0
    assert run("merge", ours, "--out", theirs).exit_code == 0


def test_names_from_the_other_folder_do_not_reach_the_terminal_raw(folders: tuple[Path, Path]) -> None:
    ours, theirs = folders
    Store(ours).put(record("ad00", val={"\x1b[31mred\x1b[0m": 1.0}))
    Store(theirs).put(record("ad00", val={"\x1b[31mred\x1b[0m": 2.0}))
    done = run("merge", theirs, "--out", ours)
    assert "red" in done.stdout
    assert "\x1b[31mred" not in done.stdout


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    done = run("merge", tmp_path / "nothing", "--out", tmp_path / "ours")
    assert isinstance(done.exception, UserError)
    assert "has no folder 'records'" in str(done.exception)
    assert not (tmp_path / "ours").exists()


def test_an_export_with_everything(folders: tuple[Path, Path], tmp_path: Path) -> None:
    _, theirs = folders
    file = tmp_path / "new folder" / "all.parquet"
    done = run("export", file, "--out", theirs, "--curves", "--predictions", "--json")
    assert done.exit_code == 0
    names = ["all.parquet", "all-curves.parquet", "all-predictions.parquet"]
    assert json.loads(done.stdout) == {
        "files": [
            {"file": str(file.with_name(name)), "rows": rows} for name, rows in zip(names, (3, 3, 2), strict=True)
        ]
    }
    frame = pd.read_parquet(file)
    assert frame["test/accuracy"].tolist() == [71.5, 0.30000000000000004, 71.5]
    assert frame["method"].tolist() == ["=cutmix()"] * 3


def test_an_export_is_one_file_unless_asked(folders: tuple[Path, Path], tmp_path: Path) -> None:
    ours, _ = folders
    done = run("export", tmp_path / "all.csv", "--out", ours)
    assert done.stdout == f"{tmp_path / 'all.csv'}: 2 rows\n"
    assert {path.name for path in tmp_path.iterdir()} == {"all.csv", "ours", "theirs"}
    assert "'=cutmix()" in (tmp_path / "all.csv").read_text()


@pytest.mark.parametrize(
    ("file", "out", "message"),
    [("all.xlsx", "ours", "must say its format"), ("all.csv", "nowhere", "has no records to export")],
)
def test_an_export_that_cannot_be(folders: tuple[Path, Path], tmp_path: Path, file, out, message) -> None:
    done = run("export", tmp_path / file, "--out", tmp_path / out)
    assert isinstance(done.exception, UserError)
    assert message in str(done.exception)
    assert not (tmp_path / file).exists()
