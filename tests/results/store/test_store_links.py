"""A store neither reads nor writes through a link."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from provbench.registry import UserError
from provbench.results import Store


def test_nothing_is_superseded_through_a_link(store: Store, make_record, tmp_path: Path) -> None:
    store.put(make_record())
    (tmp_path / "elsewhere").mkdir()
    (store.root / "superseded").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="lies behind a link"):
        store.supersede("aa00")
    assert store.get("aa00") is not None
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("linked", ["records", "records/aa", "records/aa/aa00.json"])
def test_no_record_is_read_through_a_link(store: Store, make_record, tmp_path: Path, linked: str) -> None:
    store.put(make_record())
    assert len(store.summaries()) == 1
    (store.root / linked).rename(tmp_path / "moved")
    (store.root / linked).symlink_to(tmp_path / "moved")
    assert store.get("aa00") is None
    assert store.records() == store.records(["aa00"]) == store.summaries() == store.summaries(["aa00"]) == []
    if linked.endswith("json"):
        store.put(make_record())
        assert store.get("aa00") is not None
        assert (tmp_path / "moved").is_file()
    else:
        with pytest.raises(UserError, match="records/aa: is or lies behind a link; remove it"):
            store.put(make_record())


@pytest.mark.parametrize("linked", ["predictions", "predictions/aa", "predictions/aa/aa00.test.npz"])
def test_no_predictions_are_read_through_a_link(store: Store, make_record, tmp_path: Path, linked: str) -> None:
    store.put(make_record(predictions={"test": {"id": np.array(["a"])}}))
    assert store.predictions("aa00", "test") is not None
    (store.root / linked).rename(tmp_path / "moved")
    (store.root / linked).symlink_to(tmp_path / "moved")
    assert store.predictions("aa00", "test") is None


def test_the_index_is_never_written_through_a_link(store: Store, make_record, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    other.touch()
    store.root.mkdir(parents=True)
    (store.root / "index.sqlite").symlink_to(other)
    store.put(make_record())
    assert [run.key for run in store.summaries()] == ["aa00"]
    assert [run.key for run in Store(store.root).summaries()] == ["aa00"]
    assert other.read_bytes() == b""
    assert not (store.root / "index.sqlite").is_symlink()
