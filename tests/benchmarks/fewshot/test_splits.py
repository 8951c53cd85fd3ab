"""Draws of shots, folds, validation images and long tails."""

from __future__ import annotations

from pathlib import Path

import pytest

from provbench.benchmarks.common import ImageRecord
from provbench.benchmarks.fewshot.splits import by_class, drawn, in_fold, long_tail, shot_groups, without
from provbench.registry import UserError


def records(*counts: int) -> list[ImageRecord]:
    """So many images of each class, the classes taking turns."""
    rows = [(number, label) for label, count in enumerate(counts) for number in range(count)]
    return [ImageRecord(f"{label}-{number}", Path("x"), label) for number, label in sorted(rows)]


def ids(of: list[ImageRecord]) -> list[str]:
    return [record.id for record in of]


def test_more_shots_are_the_same_and_more() -> None:
    pool = records(12, 30, 12)
    five, ten = drawn(pool, 5, 0), drawn(pool, 10, 0)

    assert {label: len(of) for label, of in by_class(five).items()} == {0: 5, 1: 5, 2: 5}
    assert set(ids(five)) < set(ids(ten))
    assert ids(five) == ids(drawn(pool, 5, 0))
    assert ids(five) != ids(drawn(pool, 5, 1))
    with pytest.raises(UserError, match="class 0 has 12 images, and 13 of each are wanted"):
        drawn(pool, 13, 0)


def test_folds_are_disjoint_and_cover_the_shots_once() -> None:
    shots = drawn(records(9, 9), 5, 0)
    folds = [in_fold(shots, fold, 5) for fold in range(5)]

    assert sorted(name for fold in folds for name in ids(fold)) == sorted(ids(shots))
    assert all({record.label for record in fold} == {0, 1} for fold in folds)
    assert all(len(without(shots, fold)) == 8 for fold in folds)


def test_the_only_image_of_a_class_is_never_held_out() -> None:
    shots = records(1, 3)

    assert {name for fold in range(3) for name in ids(in_fold(shots, fold, 3))} == {"1-0", "1-1", "1-2"}


def test_the_long_tail_has_the_numbers_of_the_formula() -> None:
    pool = records(*([30] * 200))
    tail = long_tail(pool, 100, 0)
    counts = {label: len(of) for label, of in by_class(tail).items()}

    assert [counts[rank] for rank in range(200)] == [max(int(30 * 0.01 ** (rank / 198)), 1) for rank in range(200)]
    assert (max(counts.values()), min(counts.values())) == (30, 1)
    assert ids(tail) == ids(long_tail(pool, 100, 0))
    assert ids(tail) != ids(long_tail(pool, 100, 1))


def test_the_largest_class_heads_the_tail() -> None:
    counts = {label: len(of) for label, of in by_class(long_tail(records(5, 20, 11), 10, 0)).items()}

    assert counts == {1: 12, 2: 1, 0: 1}


def test_groups_have_the_bounds_of_the_papers() -> None:
    counts = {0: 21, 1: 20, 2: 5, 3: 4, 4: 1}

    assert shot_groups(counts, 20, 5) == {"many": [0], "medium": [1, 2], "few": [3, 4]}
