import json
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provbench.benchmarks.common.generated import KEPT, STAMP, ensure_generated, generated_problems
from provbench.registry import UserError
from provbench.registry.base.checksums import CHECKSUMS


class Writer:
    """Writes one file, and counts how often."""

    def __init__(self, text: str = "data") -> None:
        self.text, self.calls = text, 0

    def __call__(self, folder: Path) -> None:
        self.calls += 1
        (folder / "file.txt").write_text(self.text)


def test_a_set_is_written_once(tmp_path: Path) -> None:
    write, folder = Writer(), tmp_path / "deep" / "set"

    assert ensure_generated(folder, {"version": 1}, write) is True
    assert ensure_generated(folder, {"version": 1}, write) is False
    assert write.calls == 1
    assert (folder / "file.txt").read_text() == "data"
    assert json.loads((folder / STAMP).read_text()) == {"version": 1}


def test_another_stamp_writes_it_anew(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    ensure_generated(folder, {"version": 1}, Writer("old"))
    (folder / "stale.txt").touch()

    assert ensure_generated(folder, {"version": 2}, Writer("new")) is True
    assert (folder / "file.txt").read_text() == "new"
    assert not (folder / "stale.txt").exists()


def test_a_writer_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    ensure_generated(folder, {"version": 1}, Writer("old"))

    def fail(fresh: Path) -> None:
        (fresh / "half.txt").touch()
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        ensure_generated(folder, {"version": 2}, fail)
    assert (folder / "file.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["set"]


def test_leftovers_of_a_killed_writer_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".set.new-abc").mkdir()
    (tmp_path / ".set.new-abc" / "half.txt").touch()
    ensure_generated(tmp_path / "set", {}, Writer())

    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["set"]


def test_a_folder_of_the_users_own_is_not_touched(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "photo.jpg").touch()

    with pytest.raises(UserError, match=r"set: holds files that were not generated"):
        ensure_generated(folder, {}, Writer())
    assert (folder / "photo.jpg").exists()
    (folder / "photo.jpg").unlink()
    assert ensure_generated(folder, {}, Writer())


def test_of_many_at_once_one_writes(tmp_path: Path) -> None:
    write = Writer()
    with ThreadPoolExecutor(6) as pool:
        wrote = list(pool.map(lambda _: ensure_generated(tmp_path / "set", {}, write), range(12)))

    assert (sum(wrote), write.calls) == (1, 1)


def test_a_damaged_set_is_made_again(tmp_path: Path) -> None:
    write, folder = Writer(), tmp_path / "set"
    ensure_generated(folder, {"version": 1}, write)
    (folder / "file.txt").write_text("dat4")
    assert generated_problems(folder)[0].startswith(f"{folder / 'file.txt'}: has other contents")

    with pytest.warns(UserWarning, match=r"set: is damaged and is made again \(1 files; .*file.txt"):
        assert ensure_generated(folder, {"version": 1}, write) is True
    assert (folder / "file.txt").read_text() == "data"
    assert generated_problems(folder) == []


@pytest.mark.parametrize("name", [STAMP, CHECKSUMS, "file.txt"])
def test_a_set_that_lacks_a_file_is_made_again(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "set"
    ensure_generated(folder, {"version": 1}, Writer())
    (folder / name).unlink()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert ensure_generated(folder, {"version": 1}, Writer()) is True
    assert (folder / name).exists()


def test_edits_that_users_put_into_a_set_outlive_it(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    ensure_generated(folder, {"version": 1}, Writer("old"))
    (folder / KEPT / "alia").mkdir(parents=True)
    (folder / KEPT / "alia" / "0-0.png").write_bytes(b"mine")
    ensure_generated(folder, {"version": 2}, Writer("new"))

    assert (folder / KEPT / "alia" / "0-0.png").read_bytes() == b"mine"
    assert (folder / "file.txt").read_text() == "new"
    assert ensure_generated(folder, {"version": 2}, Writer("new")) is False


def test_a_read_only_set_that_is_older_than_checksums_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "set"
    ensure_generated(folder, {"version": 1}, Writer())
    (folder / CHECKSUMS).unlink()
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    assert ensure_generated(folder, {"version": 1}, Writer("other")) is False
    assert (folder / "file.txt").read_text() == "data"


def test_a_set_that_cannot_be_written_is_an_error_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    with pytest.raises(UserError, match=r"set: cannot be written: choose a data root that can \(--data\)"):
        ensure_generated(tmp_path / "set", {"version": 1}, Writer())
