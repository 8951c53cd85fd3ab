"""What a run printed."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pytest

from provbench.suites.running import run_log
from provbench.suites.running.run_log import logged


def test_what_is_printed_is_shown_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "logs" / "aa.log"
    with logged(file):
        print("one")
        print("two", file=sys.stderr)
        sys.stdout.writelines(["three\n"])
    print("after")
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("one\nthree\nafter\n", "two\n")
    first, *rest = file.read_text().splitlines()
    assert first.startswith("== attempt of ")
    assert rest == ["one", "two", "three"]


def test_warnings_and_the_whole_traceback(tmp_path: Path) -> None:
    file = tmp_path / "aa.log"
    with logged(file) as log:
        sys.stderr.write(warnings.formatwarning("mind this", UserWarning, "plugin.py", 3))
        try:
            raise ValueError("deep")
        except ValueError as error:
            log.failure(error)
    text = file.read_text()
    assert "mind this" in text
    assert 'raise ValueError("deep")' in text


def test_a_run_that_prints_nothing_leaves_nothing(tmp_path: Path) -> None:
    with logged(tmp_path / "aa.log"):
        pass
    with logged(None):
        print("shown only")
    assert not list(tmp_path.iterdir())


def test_a_second_attempt_is_added(tmp_path: Path) -> None:
    for number in range(2):
        with logged(tmp_path / "aa.log"):
            print(number)
    text = (tmp_path / "aa.log").read_text()
    assert text.count("== attempt of ") == 2


def test_there_is_a_limit_and_a_full_disk_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run_log, "MOST", 200)
    with logged(tmp_path / "aa.log"):
        for _ in range(100):
            print("x" * 50)
    assert (tmp_path / "aa.log").stat().st_size < 400
    assert "more was printed" in (tmp_path / "aa.log").read_text()
    (tmp_path / "file").write_text("")
    with logged(tmp_path / "file" / "aa.log"):
        print("shown")
    assert "shown" in capsys.readouterr().out
