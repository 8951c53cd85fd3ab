"""Records out of the index are, for tables, the records of the files."""

from __future__ import annotations

from math import inf, nan
from pathlib import Path

import pytest

from provbench.results.store import PluginCode, RunRecord, Store

GAPS = {"accuracy": nan}
CURVES = [
    [],
    [{"epoch": 1, "loss": 0.5, "accuracy": 60.0}, {"epoch": 2, "loss": 0.25}, {"epoch": 3, "loss": inf, **GAPS}],
    [{"epoch": 1, "step": 10, "passes": 0.5, "accuracy": 1.0}, {"epoch": 2, "step": 20, "passes": 1.0, "accuracy": 2}],
    [{"epoch": 1, "passes": 0.5, "accuracy": 1.0}, {"epoch": 2, "passes": 1.0, "accuracy": 3.0}],
]


def record(number: int) -> RunRecord:
    curve = CURVES[number % len(CURVES)]
    return RunRecord(
        key=f"a{number}{'0' * 18}",
        suite="s",
        task="toy",
        variant="mini",
        method="m",
        phase="final",
        seed=number,
        parameters={"lr": 0.1, "cutmix.prob": None, "list": [1, 2]},
        status="done",
        val={"accuracy": 1.0},
        test={"accuracy": 50.0 + number, "other": nan},
        curve=curve,
        test_curve=curve[:1],
        seconds=1.5,
        identity={"task": "toy", "synthesizer": {"name": "swap", "params": {"a": 1}} if number % 2 else None},
        machine={"cpu": "x"},
        calibrated={"guidance.alpha": 0.1 * number},
        versions={"python": "3"},
        plugins={"augmentation cutmix": PluginCode(version="1", origin="provbench")},
        traceback="t" * number,
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path)
    for number in range(6):
        store.put(record(number))
    store.keys()
    return store


def test_every_field_is_that_of_the_file(store: Store) -> None:
    keys = [record(number).key for number in (3, 1, 5, 0, 2)]
    found = store.tabled([*keys, "b" * 20])
    assert list(found) == keys
    for key in keys:
        whole = store.get(key)
        assert whole is not None
        for name in RunRecord.model_fields:
            assert repr(getattr(found[key], name)) == repr(getattr(whole, name)), name  # of NaN, too
        assert found[key].synthesizer == whole.synthesizer


def test_curves_have_the_same_places_and_values(store: Store) -> None:
    for key, found in store.tabled(store.keys()).items():
        whole = store.get(key)
        assert whole is not None
        for name in ("accuracy", "loss", "absent"):
            assert repr(found.series(name)) == repr(whole.series(name))
        assert found.curve_names() == whole.curve_names()
        assert repr(found.validations) == repr(whole.validations)


def test_nothing_is_read_from_the_files_of_records_for_a_table(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(store, "get", lambda key: read.append(key))
    (found,) = store.tabled([record(1).key]).values()
    assert len(found.model_copy(update={"method": "other"}).curve) == 3
    assert (found.machine, found.plugins, found.parameters["lr"]) == ({"cpu": "x"}, record(1).plugins, 0.1)
    assert found.model_copy(update={"method": "other"}).method == "other"
    assert read == []


def test_a_record_that_was_replaced_is_the_new_one(store: Store) -> None:
    failed = record(7).model_copy(update={"status": "failed", "test": {}})
    store.put(failed)
    assert store.tabled([failed.key])[failed.key].status == "failed"
    store.put(record(7))
    assert store.tabled([failed.key])[failed.key].status == "done"
    store.record_path(failed.key).unlink()
    assert store.tabled([failed.key]) == {}


def test_records_of_one_cell_share_their_parameters(store: Store) -> None:
    one, other = store.tabled([record(1).key, record(3).key]).values()
    assert one.parameters is other.parameters


def test_no_field_of_a_record_is_forgotten(store: Store) -> None:
    """A field that records gain later is there without anyone remembering it here."""
    whole = record(1).model_copy(update={"samples": {"train": 5, "val": 3}, "key": f"b{'0' * 19}"})
    store.put(whole)
    found = store.tabled([whole.key])[whole.key]
    for name in set(RunRecord.model_fields) - {"test", "curve", "test_curve"}:  # which have NaN, and tests of their own
        assert getattr(found, name) == getattr(whole, name), name
