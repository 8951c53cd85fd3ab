"""One process at a time in a run's folder."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from provbench.suites.running.execution import working_folder


def hold(root: Path, pipe: Connection) -> None:
    with working_folder(root, "run"):
        pipe.send("held")
        pipe.recv()


Holder = tuple[BaseProcess, Connection]


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Holder]:
    """A process that has the folder `run` until it is told to go."""
    context = multiprocessing.get_context("fork")
    mine, theirs = context.Pipe()
    process = context.Process(target=hold, args=(tmp_path, theirs))
    process.start()
    assert mine.recv() == "held"
    yield process, mine
    process.kill()
    process.join()


def test_a_folder_is_free_again_and_clean(tmp_path: Path) -> None:
    for _ in range(2):
        with working_folder(tmp_path, "run") as folder:
            (folder / "file").touch()
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["file"]


def test_also_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), working_folder(tmp_path, "run"):
        raise ZeroDivisionError
    assert list((tmp_path / "run").iterdir()) == []


def test_who_has_it_is_said(tmp_path: Path, holder: Holder) -> None:
    process, _ = holder
    words = rf"run: another process is at work on this run \(process {process.pid} on "
    with pytest.raises(OSError, match=words), working_folder(tmp_path, "run", patience=0.1):
        pass
    with working_folder(tmp_path, "other", patience=0.1):
        pass


def test_a_predecessor_is_waited_for(tmp_path: Path, holder: Holder) -> None:
    process, pipe = holder
    pipe.send("go")
    with working_folder(tmp_path, "run", patience=10):
        process.join(10)
        assert process.exitcode == 0


def test_a_predecessor_that_was_killed_holds_nothing(tmp_path: Path, holder: Holder) -> None:
    process, _ = holder
    process.kill()
    with working_folder(tmp_path, "run", patience=10) as folder:
        assert folder.is_dir()
    assert list(folder.iterdir()) == []


def test_a_run_does_not_write_through_links_that_lie_in_its_folder(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir()
    (private / "id").write_text("private")
    (tmp_path / "work" / "key").mkdir(parents=True)
    for name in (".lock", "epochs", ".lock-holder.json"):
        (tmp_path / "work" / "key" / name).symlink_to(private / "id")
    with working_folder(tmp_path / "work", "key") as folder:
        assert not any(path.is_symlink() for path in folder.iterdir())
    (tmp_path / "work" / "other").symlink_to(private)
    with working_folder(tmp_path / "work", "other") as folder:
        assert not folder.is_symlink()
    assert [path.read_text() for path in private.iterdir()] == ["private"]
