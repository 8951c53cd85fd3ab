"""The driver's journal: what is written stays whole and readable, whatever happened to the one who wrote it."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
import pytest
from optuna.storages import BaseStorage

from provbench.registry import UserError
from provbench.suites.search.journal import open_to_write, sync
from provbench.suites.search.storage import open_storage


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "studies.journal"


def run_trials(storage: BaseStorage, count: int) -> optuna.Study:
    study = optuna.create_study(storage=storage, study_name="one", direction="maximize", load_if_exists=True)
    for _ in range(count):
        trial = study.ask()
        study.tell(trial, trial.suggest_float("x", 0, 1) + trial.suggest_float("y", 0, 1))
    return study


def values(file: Path) -> list[float | None]:
    """Of the trials, as another process reads them."""
    return [trial.value for trial in optuna.load_study(study_name="one", storage=open_storage(str(file))).trials]


def test_another_process_sees_what_was_not_synced(file: Path) -> None:
    study = run_trials(open_to_write(str(file)), 3)
    assert values(file) == [trial.value for trial in study.trials]


@pytest.mark.parametrize("torn", [b"{", b'{"op_code":4,"worker_id":"ab', bytes(70_000), b"x" * 65_536])
def test_a_torn_last_line_is_cut_off(file: Path, torn: bytes) -> None:
    run_trials(open_to_write(str(file)), 2)
    whole = file.read_bytes()
    file.write_bytes(whole + torn)
    again = open_to_write(str(file))
    assert file.read_bytes() == whole
    run_trials(again, 2)
    assert len(values(file)) == 4


def test_a_journal_that_is_one_torn_line_is_begun_anew(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b'{"op_code":0,"worker_id":"ab')
    open_to_write(str(file))
    assert file.read_bytes() == b""


def test_no_other_file_is_written_to(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("my notes\nwithout an end")
    with pytest.raises(UserError, match="is no journal"):
        open_to_write(str(file))
    assert file.read_text() == "my notes\nwithout an end"


@pytest.mark.parametrize("target", ["folder/studies.journal", "/nowhere/studies.journal"])
def test_a_lock_that_a_killed_process_left_holds_nobody_up(
    file: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.chdir(file.parent.parent)
    file.parent.mkdir()
    lock = Path(f"{file}.lock")
    lock.symlink_to(target)
    run_trials(open_to_write("folder/studies.journal"), 1)
    assert len(values(file)) == 1
    assert not lock.is_symlink()


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file may be larger: what is written is cut off there."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_line_that_does_not_fit_leaves_nothing_of_it(file: Path) -> None:
    storage = open_to_write(str(file))
    study = run_trials(storage, 1)
    whole = file.read_bytes()
    with largest_file(len(whole) + 40), pytest.raises(OSError, match="File too large"):
        study.ask()
    assert file.read_bytes() == whole
    assert len(run_trials(storage, 1).trials) == 2
    assert len(values(file)) == 2


def test_many_lines_are_one_fsync(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = open_to_write(str(file))
    study = run_trials(storage, 1)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    trial = study.ask()
    for name in "xyz":
        trial.suggest_float(name, 0, 1)
    assert synced == []
    sync(storage)
    sync(storage)
    assert len(synced) == 1


def test_a_database_needs_no_sync(tmp_path: Path) -> None:
    storage = open_to_write(f"sqlite:///{tmp_path / 'studies.db'}")
    assert len(run_trials(storage, 1).trials) == 1
    sync(storage)
