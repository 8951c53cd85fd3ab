"""The commit in a record: provbench's own, or none; never another repository's."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from provbench.suites.driving import driver
from provbench.suites.driving.driver import Tally
from provbench.suites.planning.plan import Plan
from provbench.suites.running.environment import (
    UNKNOWN,
    Checkout,
    PeakMemory,
    git_state,
    machine,
    processor,
    read_checkout,
    usable_cores,
)

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.email=a@b", "-c", "user.name=n"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", *who, "-C", folder, *arguments], capture_output=True, text=True, check=True, env=clean
    )
    return done.stdout.strip()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A tracked file in a subfolder of a repository."""
    path = tmp_path / "own" / "package" / "module.py"
    path.parent.mkdir(parents=True)
    path.write_text("one\n")
    git(tmp_path / "own", "init", "-q")
    git(tmp_path / "own", "add", ".")
    git(tmp_path / "own", "commit", "-q", "-m", "one")
    return path


def test_the_commit_and_whether_there_are_changes(file: Path) -> None:
    head = git(file.parent, "rev-parse", "HEAD")
    assert read_checkout(file) == Checkout(head, False)
    file.write_text("two\n")
    assert read_checkout(file) == Checkout(head, True)


@pytest.mark.parametrize("variable", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR"])
def test_another_repository_in_the_environment_changes_nothing(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    own = read_checkout(file)
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    git(other, "commit", "-q", "--allow-empty", "-m", "x")
    monkeypatch.setenv(variable, str(other if variable == "GIT_WORK_TREE" else other / ".git"))
    assert read_checkout(file) == own


def test_what_is_installed_below_another_checkout_has_no_commit(file: Path) -> None:
    installed = file.parents[1] / "venv" / "module.py"
    installed.parent.mkdir()
    installed.write_text("installed\n")
    assert read_checkout(installed) == Checkout("", False)


def test_without_a_checkout_git_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert read_checkout(tmp_path / "module.py") == Checkout("", False)


def test_a_checkout_that_git_refuses_is_unknown(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)  # where the folder may be declared safe
    found = read_checkout(file)
    assert (found.commit, found.dirty) == (UNKNOWN, False)
    assert "dubious ownership" in found.problem
    assert str(file.parent) in found.problem


def test_a_checkout_without_git_is_unknown(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = read_checkout(file)
    assert found.commit == UNKNOWN
    assert "'git'" in found.problem


def test_the_driver_says_once_that_git_refused(
    make: Callable[..., Plan], drive: Callable[..., Tally], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "checkout", lambda: Checkout(UNKNOWN, False, "git does not tell"))
    with pytest.warns(UserWarning, match="git does not tell; the records name no commit") as told:
        drive(make())
    assert [str(one.message) for one in told].count("git does not tell; the records name no commit") == 1
    assert git_state()[0] != UNKNOWN


def test_the_machine_in_words() -> None:
    found = machine(3)
    assert found.keys() == {"cpu", "cores", "gpu", "threads"}
    assert found["threads"] == "3"
    assert found["cpu"] == processor() != ""
    assert int(found["cores"]) == usable_cores() >= 1


def test_the_peak_of_memory_is_the_runs_own() -> None:
    ballast = bytearray(b"1") * (200 << 20)  # what the process held before
    earlier = [bytearray(b"1") * 1000 for _ in range(50_000)]
    del earlier
    for megabytes in (80, 80, 20):
        memory = PeakMemory()
        block = bytearray(b"1") * (megabytes << 20)
        del block
        assert memory.megabytes() == pytest.approx(megabytes, abs=8)
    assert len(ballast) == 200 << 20


def test_a_peak_that_the_system_does_not_tell_is_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, text: str) -> int:
        raise PermissionError(path)

    monkeypatch.setattr(Path, "write_text", refuse)
    assert PeakMemory().megabytes() == 0
