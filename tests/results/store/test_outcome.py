from __future__ import annotations

import pytest

from provbench.results.store.outcome import difference

CURVE = [{"epoch": 1, "loss": 0.7}, {"epoch": 2, "loss": 0.5}]
nan = float("nan")


def test_what_is_no_outcome_makes_no_difference(make_record) -> None:
    assert difference(make_record(seconds=1.0, method="a", commit="0"), make_record(seconds=2.0, method="b")) is None


def test_nan_is_nan(make_record) -> None:
    one, other = (make_record(test={"auc": float("nan")}, curve=[{"epoch": 1, "loss": nan}]) for _ in range(2))
    assert difference(one, other) is None
    assert difference(one, make_record(test={"auc": nan}, curve=[{"epoch": 1, "loss": float("inf")}])) == (
        "curve[0]",
        {"epoch": 1.0, "loss": "NaN"},
        {"epoch": 1.0, "loss": "Infinity"},
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": "failed"}, ("status", "done", "failed")),
        ({"epoch": 2}, ("epoch", 0, 2)),
        ({"test": {"a": 1.0, "b": 3.0}}, ("test", {"b": 2.0}, {"b": 3.0})),
        ({"test": {"a": 1.0, "c": 2.0}}, ("test", {"b": 2.0}, {"c": 2.0})),
        ({"curve": [CURVE[0], {"epoch": 2, "loss": 0.25}]}, ("curve[1]", CURVE[1], {"epoch": 2.0, "loss": 0.25})),
        ({"curve": CURVE[:1]}, ("curve[1]", CURVE[1], None)),
        ({"curve": [*CURVE, {"epoch": 3}]}, ("curve[2]", None, {"epoch": 3.0})),
    ],
)
def test_only_what_differs_is_told(make_record, fields: dict, expected: tuple) -> None:
    test = {"a": 1.0, "b": 2.0}
    assert difference(make_record(test=test), make_record(**{"test": test, **fields})) == expected


def test_the_last_bit_counts(make_record) -> None:
    differs = difference(make_record(val={"a": 0.1 + 0.2}), make_record(val={"a": 0.3}))
    assert differs == ("val", {"a": 0.30000000000000004}, {"a": 0.3})


def test_curves_of_validated_epochs_only_are_compared_there(make_record) -> None:
    older = [{"epoch": 2, "loss": 0.5, "a": 1.0}, {"epoch": 4, "loss": 0.3, "a": 2.0}]
    newer = [{"epoch": 1, "loss": 0.7}, older[0], {"epoch": 3, "loss": 0.4}, older[1]]
    one, other = (make_record(val={"a": 2.0}, curve=curve) for curve in (older, newer))
    assert difference(one, other) is None
    assert difference(other, one) is None
    moved = make_record(val={"a": 2.0}, curve=[{**newer[0], "loss": 0.8}, *newer[1:]])
    assert difference(moved, other) is not None, "two newer records are compared at every epoch"
    gone = make_record(val={"a": 2.0}, curve=newer[:-1])
    assert difference(one, gone) is not None


def test_shares_of_penalties_are_compared_where_both_have_them(make_record) -> None:
    older, newer, other = (
        make_record(val={"a": 1.0}, curve=[{"epoch": 1, "a": 1.0, **share}])
        for share in ({}, {"share_guidance": 0.5}, {"share_guidance": 0.6})
    )
    assert difference(older, newer) is None
    assert difference(newer, older) is None
    assert difference(newer, other) is not None


def test_calibrated_weights_are_part_of_the_outcome(make_record) -> None:
    one, other = (make_record(calibrated={"guidance.alpha": alpha}) for alpha in (0.1, 0.2))
    assert difference(one, other) == ("calibrated", {"guidance.alpha": 0.1}, {"guidance.alpha": 0.2})
