"""SAT's evaluator by hand, and against a flood fill that is written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from provbench.benchmarks.cub_wsol.metrics import SIDE
from provbench.benchmarks.cub_wsol.single_component import (
    AT,
    LOC,
    MEAN,
    SAT_METRICS,
    THRESHOLDS,
    TOP1,
    best_threshold,
    component_box,
    enlarge,
    fits,
    single_component,
)


def flooded(foreground: np.ndarray) -> list[list[int]]:
    """The boxes of the largest components, which may be several of one size, by filling from each pixel."""
    height, width = foreground.shape
    seen, components = np.zeros_like(foreground), []
    for start in np.argwhere(foreground).tolist():
        if seen[tuple(start)]:
            continue
        seen[tuple(start)] = True
        members, waiting = [], [tuple(start)]
        while waiting:
            row, column = waiting.pop()
            members.append((row, column))
            for down in (-1, 0, 1):
                for right in (-1, 0, 1):
                    other = row + down, column + right
                    inside = 0 <= other[0] < height and 0 <= other[1] < width
                    if inside and foreground[other] and not seen[other]:
                        seen[other] = True
                        waiting.append(other)
        components.append(members)
    boxes = []
    for members in components:
        if len(members) == max(map(len, components)):
            rows, columns = zip(*members, strict=True)
            boxes.append([min(columns), min(rows), max(columns) + 1, max(rows) + 1])
    return boxes or [[0, 0, width, height]]


@settings(max_examples=60)
@given(
    height=st.integers(1, 9), width=st.integers(1, 9), share=st.sampled_from([0.2, 0.4, 0.6]), seed=st.integers(0, 9999)
)
def test_the_box_is_that_of_the_largest_component(height: int, width: int, share: float, seed: int) -> None:
    foreground = np.random.default_rng(seed).random((height, width)) < share
    assert component_box(foreground).tolist() in flooded(foreground)


def test_a_map_is_stretched_and_then_enlarged() -> None:
    enlarged = enlarge(np.array([[2.0, 4.0], [2.0, 4.0]]))
    assert enlarged.shape == (SIDE, SIDE)
    assert enlarged[0, 0] == pytest.approx(0)
    assert enlarged[0, -1] == pytest.approx(1, abs=1e-5)
    assert enlarged[100, 111] == pytest.approx(0.5 - 0.5 / 112, abs=1e-4)
    assert enlarge(np.full((3, 3), 7.0)).max() == 0
    with pytest.raises(ValueError, match="diverged"):
        enlarge(np.array([[np.nan, 1.0]]))


def bright(left: int, right: int) -> np.ndarray:
    """A map (224, 224) of 1 in some columns, 0.42 in the ten to their right, and 0 elsewhere."""
    cam = np.zeros((SIDE, SIDE))
    cam[:, left:right] = 1
    cam[:, right : right + 10] = 0.42
    return cam


def test_fits_at_each_threshold_by_hand() -> None:
    found = fits(bright(50, 100), np.array([[50, 0, 100, 223]]))
    # up to 0.4 the box reaches to column 110; IoU with both corners counted, the far one pixel beyond the rows
    assert found[:3] == pytest.approx([51 * 224 / (61 * 225)] * 3)
    assert found[3] == pytest.approx(51 * 224 / (51 * 225))


def test_the_threshold_is_that_of_the_highest_sum_the_lowest_of_equals() -> None:
    ious = np.array([[0.6, 0.6, 0.1, 0.1], [0.1, 0.1, 0.6, 0.1], [0.1, 0.1, 0.1, 0.1]])
    assert best_threshold(ious, np.array([False, True, True])) == 2
    assert best_threshold(ious, np.array([True, True, True])) == 0
    assert best_threshold(np.zeros((3, 4)), np.ones(3, dtype=bool)) == 0
    assert len(THRESHOLDS) == 4


def test_metrics_are_means_of_the_columns_at_that_threshold() -> None:
    boxes = [np.array([[50, 0, 100, 223]]), np.array([[50, 0, 130, 223]]), np.array([[0, 0, 40, 223]])]
    columns = single_component([bright(50, 100)] * 3, boxes, [True, False, True])
    assert set(columns) == {metric.name for metric in SAT_METRICS}
    assert columns[LOC].tolist() == [True, True, False]
    assert columns[TOP1].tolist() == [True, False, False]
    assert columns[AT[0.3]].tolist() == [True, True, False]
    assert columns[AT[0.7]].tolist() == [True, True, False]
    assert columns[MEAN].tolist() == [1, 1, 0]
