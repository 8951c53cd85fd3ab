from __future__ import annotations

import os
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

from provbench.registry import UserError
from provbench.results import Store, StoreWarning
from provbench.results.store.merging import merge


@pytest.fixture(autouse=True)
def _any_key_is_its_identitys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The records here have short keys, and no identity. `test_foreign.py` has whole ones."""
    monkeypatch.setattr("provbench.results.store.merging.identity_fault", lambda record: "")


@pytest.fixture
def here(tmp_path: Path) -> Store:
    return Store(tmp_path / "here")


@pytest.fixture
def there(tmp_path: Path) -> Store:
    return Store(tmp_path / "there")


def contents(root: Path) -> dict[str, bytes]:
    """Every file but the caches and locks."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.parent != root
    }


def beside(store: Store, name: str, content: bytes = b"weights") -> None:
    path = store.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


SCORES = {"test": {"score": np.arange(5.0)}}


def test_everything_of_a_run_is_copied(here: Store, there: Store, make_record) -> None:
    there.put(make_record("aa00", predictions=SCORES))
    there.put(make_record("ab00", status="failed", reason="NaN loss", test={}))
    beside(there, "checkpoints/aa00/epoch_2.pth")
    beside(there, "pictures/aa00/test/1.png")
    beside(there, "work/aa00/state.pth")
    before = contents(there.root)
    merged = merge(there.root, here)
    assert merged.added == ["aa00", "ab00"]
    assert merged.files == 3
    assert merged.complete
    copied = contents(here.root)
    assert copied == {name: data for name, data in before.items() if not name.startswith("work")}
    assert contents(there.root) == before
    assert here.records() == there.records()
    assert here.keys() == ["aa00", "ab00"]


def test_the_source_is_only_read(here: Store, there: Store, make_record) -> None:
    there.put(make_record())
    for path in there.root.glob("*"):
        if path.is_file():
            path.unlink()
    merge(there.root, here)
    assert [path.name for path in there.root.iterdir()] == ["records"]


def test_what_is_here_already_stays(here: Store, there: Store, make_record) -> None:
    here.put(make_record("aa00", seconds=1.0, predictions=SCORES))
    there.put(make_record("aa00", seconds=2.0, predictions=SCORES))
    beside(here, "checkpoints/aa00/epoch_2.pth", b"ours")
    beside(there, "checkpoints/aa00/epoch_2.pth", b"theirs")
    before = contents(here.root)
    merged = merge(there.root, here)
    assert merged.same == ["aa00"]
    assert merged.files == 0
    assert contents(here.root) == before


def test_missing_files_beside_a_record_that_is_the_same_are_copied(here: Store, there: Store, make_record) -> None:
    here.put(make_record())
    there.put(make_record(predictions=SCORES))
    beside(there, "checkpoints/aa00/epoch_2.pth")
    merged = merge(there.root, here)
    assert (merged.same, merged.files) == (["aa00"], 2)
    found = here.predictions("aa00", "test")
    assert found is not None
    np.testing.assert_array_equal(found["score"], SCORES["test"]["score"])


def test_another_outcome_of_a_finished_run_is_a_conflict(here: Store, there: Store, make_record) -> None:
    here.put(make_record("aa00", test={"accuracy": 71.5, "auc": 1.0}))
    there.put(make_record("aa00", test={"accuracy": 71.6, "auc": 1.0}, predictions=SCORES))
    there.put(make_record("ab00"))
    before = contents(here.root)
    merged = merge(there.root, here)
    assert merged.conflicts == {"aa00": ("test", {"accuracy": 71.5}, {"accuracy": 71.6})}
    assert merged.added == ["ab00"]
    assert not merged.complete
    after = contents(here.root)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"records/ab/ab00.json"}


@pytest.mark.parametrize("status", ["failed", "pruned"])
def test_unfinished_is_replaced_by_finished_only(here: Store, there: Store, make_record, status: str) -> None:
    unfinished = {"status": status, "reason": "NaN loss", "test": {}, "val": {}}
    here.put(make_record("aa00", **unfinished))
    beside(here, "pictures/aa00/1.png", b"of the failed run")
    there.put(make_record("aa00"))
    beside(there, "pictures/aa00/1.png", b"of the finished run")
    here.put(make_record("ab00"))
    there.put(make_record("ab00", **unfinished))
    here.put(make_record("ac00", **unfinished))
    there.put(make_record("ac00", **{**unfinished, "val": {"accuracy": 1.0}}))
    merged = merge(there.root, here)
    assert (merged.replaced, merged.kept) == (["aa00"], ["ab00", "ac00"])
    assert merged.complete
    assert [record.status for record in here.records()] == ["done", "done", status]
    assert (here.root / "pictures" / "aa00" / "1.png").read_bytes() == b"of the finished run"


def test_damaged_files_there_are_told_and_left(here: Store, there: Store, make_record) -> None:
    for key in ("aa00", "ab00", "ac00"):
        there.put(make_record(key, predictions=SCORES))
    record = there.root / "records" / "aa" / "aa00.json"
    record.write_bytes(record.read_bytes().replace(b"71.5", b"99.9"))
    predictions = there.root / "predictions" / "ab" / "ab00.test.npz"
    predictions.write_bytes(predictions.read_bytes()[:-10])
    before = contents(there.root)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        merged = merge(there.root, here)
    assert set(merged.damaged) == {record, predictions}
    assert "checksum" in merged.damaged[record]
    assert merged.added == ["ab00", "ac00"]
    assert not merged.complete
    assert contents(there.root) == before
    assert sorted(contents(here.root)) == [
        "predictions/ac/ac00.test.npz",
        "records/ab/ab00.json",
        "records/ac/ac00.json",
    ]


def test_a_damaged_record_here_is_replaced(here: Store, there: Store, make_record) -> None:
    for store in (here, there):
        store.put(make_record())
    path = here.root / "records" / "aa" / "aa00.json"
    path.write_bytes(b"torn")
    with pytest.warns(StoreWarning, match="aa00"):
        merged = merge(there.root, here)
    assert merged.added == ["aa00"]
    assert here.get("aa00") == make_record()


def test_a_dry_run_says_the_same_and_writes_nothing(here: Store, there: Store, make_record) -> None:
    here.put(make_record("aa00", status="failed", test={}))
    here.put(make_record("ab00", test={"accuracy": 1.0}))
    for key in ("aa00", "ab00", "ac00"):
        there.put(make_record(key, predictions=SCORES))
    before = contents(here.root)
    told = merge(there.root, here, dry_run=True)
    assert contents(here.root) == before
    assert merge(there.root, here) == told
    assert (told.replaced, list(told.conflicts), told.added) == (["aa00"], ["ab00"], ["ac00"])


def test_a_dry_run_makes_no_folder(here: Store, there: Store, make_record) -> None:
    there.put(make_record())
    assert merge(there.root, here, dry_run=True).added == ["aa00"]
    assert not here.root.exists()


def test_an_interrupted_merge_goes_on(here: Store, there: Store, make_record) -> None:
    """Stopped after each record in turn, and between a record and the files beside it."""
    keys = [f"a{i}00" for i in range(4)]
    for key in keys:
        there.put(make_record(key, predictions=SCORES))
        beside(there, f"checkpoints/{key}/epoch_2.pth")

    def stop(done: int, total: int) -> None:
        if done == wanted:
            raise KeyboardInterrupt

    for wanted in (1, 2, 3):
        with pytest.raises(KeyboardInterrupt):
            merge(there.root, here, progress=stop)
        assert here.keys() == keys[:wanted]
    (here.root / "records" / "a2" / "a200.json").unlink()
    merged = merge(there.root, here)
    assert (merged.same, merged.added) == (keys[:2], keys[2:])
    assert contents(here.root) == contents(there.root)


def test_what_a_killed_merge_left_half_written_is_removed(here: Store, there: Store, make_record) -> None:
    there.put(make_record("aa00"))
    beside(there, "checkpoints/aa00/epoch_2.pth")
    left = here.root / "checkpoints" / "aa00" / ".epoch_2.pth.1.tmp"
    beside(here, str(left.relative_to(here.root)), b"half")
    os.utime(left, (0, 0))
    merge(there.root, here)
    assert [path.name for path in left.parent.iterdir()] == ["epoch_2.pth"]


def test_progress_is_told(here: Store, there: Store, make_record) -> None:
    for key in ("aa00", "ab00"):
        there.put(make_record(key))
    told = []
    merge(there.root, here, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


def test_records_of_a_newer_version_are_left(here: Store, there: Store, make_record, monkeypatch) -> None:
    newer = make_record("aa00").model_copy(update={"schema_version": 99})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        there.put(newer)
    there.put(make_record("ab00"))
    merged = merge(there.root, here)
    assert merged.added == ["ab00"]
    (reason,) = merged.damaged.values()
    assert reason.startswith("written by a newer provbench")


def test_what_is_no_output_folder_is_refused(here: Store, tmp_path: Path, make_record) -> None:
    with pytest.raises(UserError, match="has no folder 'records'"):
        merge(tmp_path, here)
    here.put(make_record())
    (tmp_path / "link").symlink_to(here.root)
    for same in (here.root, tmp_path / "link", here.root / ".." / "here"):
        with pytest.raises(UserError, match="is the output folder itself"):
            merge(same, here)


def test_merging_is_idempotent_and_symmetric(here: Store, there: Store, make_record) -> None:
    here.put(make_record("aa00"))
    there.put(make_record("ab00"))
    merge(there.root, here)
    merge(here.root, there)
    assert contents(here.root) == contents(there.root)
    again = merge(here.root, there)
    assert (again.added, again.same) == ([], ["aa00", "ab00"])


def test_a_copy_of_a_whole_folder_is_all_the_same(here: Store, there: Store, make_record) -> None:
    there.put(make_record(predictions=SCORES))
    shutil.copytree(there.root, here.root)
    merged = merge(there.root, here)
    assert (merged.same, merged.files) == (["aa00"], 0)
