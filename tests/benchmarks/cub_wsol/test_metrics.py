from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from provbench.benchmarks.cub_wsol.metrics import (
    box_iou,
    gt_known_loc,
    largest_box,
    localize,
    max_box_acc,
    normalize_scoremap,
    top1_loc,
)

# An independent implementation: regions by flood fill, one threshold after the other, plain Python arithmetic.

Box = tuple[int, int, int, int]


def regions(mask: np.ndarray, steps: list[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """The connected regions of a mask, as lists of (row, column)."""
    left = {(int(row), int(column)) for row, column in np.argwhere(mask)}
    while left:
        region = [left.pop()]
        for row, column in region:
            for down, right in steps:
                if (neighbour := (row + down, column + right)) in left:
                    left.remove(neighbour)
                    region.append(neighbour)
        yield region


CROSS = [(0, 1), (1, 0), (0, -1), (-1, 0)]
SQUARE = [*CROSS, (1, 1), (1, -1), (-1, 1), (-1, -1)]


def contour_boxes(mask: np.ndarray) -> list[Box]:
    """x0, y0, x1, y1 of the outline of each region, and of each hole; an outline runs on foreground pixels.

    Regions hang together across corners and holes do not. The far corner lies one pixel beyond, inside the picture.
    """
    height, width = mask.shape
    boxes = []
    holes = [
        hole for hole in regions(np.pad(~mask, 1, constant_values=True), CROSS) if (0, 0) not in hole
    ]  # what reaches the frame is no hole
    outlines = [[(row + 1, column + 1) for row, column in region] for region in regions(mask, SQUARE)]
    for grow, pixels in [*((0, outline) for outline in outlines), *((1, hole) for hole in holes)]:
        rows, columns = [row - 1 for row, _ in pixels], [column - 1 for _, column in pixels]
        far = min(max(columns) + grow + 1, width - 1), min(max(rows) + grow + 1, height - 1)
        boxes.append((min(columns) - grow, min(rows) - grow, *far))
    return boxes or [(0, 0, 0, 0)]


def iou(one: Box, other: Box) -> float:
    pixels = [{(x, y) for x in range(box[0], box[2] + 1) for y in range(box[1], box[3] + 1)} for box in (one, other)]
    return len(pixels[0] & pixels[1]) / len(pixels[0] | pixels[1])


def brute_force(scoremaps: list[np.ndarray], boxes: list[list[Box]], thresholds: int) -> dict[str, float]:
    accuracies = {}
    for delta in (0.3, 0.5, 0.7):
        shares = []
        for step in range(thresholds):
            hits = 0
            for scoremap, truth in zip(scoremaps, boxes, strict=True):
                image = (scoremap * 255).astype(np.uint8)
                level = int(np.arange(0, 1, 1 / thresholds)[step] * image.max())
                found = contour_boxes(image > level)
                hits += max(iou(one, other) for one in found for other in truth) >= delta
            shares.append(100 * hits / len(scoremaps))
        accuracies[f"MaxBoxAccV2@{round(100 * delta)}"] = max(shares)
    return {"MaxBoxAccV2": sum(accuracies.values()) / 3, **accuracies}


def box_in(draw: st.DrawFn, height: int, width: int) -> Box:
    columns, rows = (sorted(draw(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)))) for n in (width, height))
    return columns[0], rows[0], columns[1], rows[1]


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[np.ndarray], list[list[Box]]]:
    """A few small maps of few values, so that there are plateaus, holes and ties; sometimes constant or zero."""
    maps, boxes = [], []
    for _ in range(draw(st.integers(1, 4))):
        height, width = draw(st.integers(1, 10)), draw(st.integers(1, 10))
        values = draw(st.lists(st.integers(0, 4), min_size=height * width, max_size=height * width))
        peak = draw(st.sampled_from([0.0, 0.25, 0.1]))
        maps.append(np.array(values, np.float32).reshape(height, width) * np.float32(peak))
        boxes.append([box_in(draw, height, width) for _ in range(draw(st.integers(1, 3)))])
    return maps, boxes


@settings(max_examples=60)
@given(case=cases(), thresholds=st.sampled_from([1, 7, 20]))
def test_max_box_acc_v2_is_that_of_an_independent_implementation(
    case: tuple[list[np.ndarray], list[list[Box]]], thresholds: int
) -> None:
    maps, boxes = case
    found = max_box_acc(maps, [np.array(truth) for truth in boxes], thresholds=thresholds)

    assert found == pytest.approx(brute_force(maps, boxes, thresholds))


def test_a_thousand_thresholds_on_a_smooth_map() -> None:
    """With 1000 thresholds many share a level: the shared binarisations must be those of each threshold."""
    rng = np.random.default_rng(0)
    scoremap = normalize_scoremap(rng.random((4, 4)), side=24)
    found = localize([scoremap], [np.array([[3, 4, 15, 18]])], thresholds=1000)
    image = (scoremap * 255).astype(np.uint8)
    for step in range(0, 1000, 37):
        boxes = contour_boxes(image > int(np.arange(0, 1, 1 / 1000)[step] * image.max()))
        assert found.ious["all"][0, step] == max(iou(box, (3, 4, 15, 18)) for box in boxes)


def blobs(side: int, *boxes: Box, value: float = 1.0) -> np.ndarray:
    scoremap = np.zeros((side, side), np.float32)
    for x0, y0, x1, y1 in boxes:
        scoremap[y0 : y1 + 1, x0 : x1 + 1] = value
    return scoremap


def test_iou_counts_both_corners() -> None:
    boxes = [[0, 0, 9, 9], [5, 5, 14, 14], [10, 0, 12, 4], [3, 3, 3, 3]]
    expected = [1, 25 / 175, 0, 1 / 100]

    np.testing.assert_allclose(box_iou(boxes, boxes[:1])[:, 0], expected)
    np.testing.assert_allclose(box_iou(boxes, boxes), box_iou(boxes, boxes).T)


def test_a_box_reaches_one_pixel_beyond_its_contour() -> None:
    """Foreground in columns and rows 2..5 gives the box 2, 2, 6, 6: IoU 16 / 25 with the foreground's own box."""
    found = localize([blobs(12, (2, 2, 5, 5))], [np.array([[2, 2, 5, 5]])], thresholds=10)

    np.testing.assert_allclose(found.ious["all"], 16 / 25)
    at_the_border = localize([blobs(12, (8, 8, 11, 11))], [np.array([[8, 8, 11, 11]])], thresholds=10)
    np.testing.assert_allclose(at_the_border.ious["all"], 1)


def test_a_hole_has_a_box_of_its_own() -> None:
    ring = blobs(40, (2, 2, 37, 37))
    ring[10:20, 12:24] = 0
    hole = np.array([[11, 9, 25, 21]])  # the foreground around it, and one pixel beyond
    found = localize([ring], [hole], thresholds=10)

    np.testing.assert_allclose(found.ious["all"], 1)
    assert found.ious["largest"].max() < 0.5


@pytest.mark.parametrize("value", [0.0, 0.002, 0.5, 1.0])
def test_constant_maps(value: float) -> None:
    """A map of zeros (up to 1/255) gives the box 0, 0, 0, 0, any other constant the whole image."""
    found = localize([np.full((10, 10), value)], [np.array([[0, 0, 4, 4]])], thresholds=5)
    expected = 1 / 25 if value < 1 / 255 else 25 / 100

    np.testing.assert_allclose(found.ious["all"], expected)
    np.testing.assert_allclose(found.ious["largest"], expected)


def test_all_contours_or_the_largest() -> None:
    maps = [blobs(60, (2, 2, 8, 8), (20, 20, 49, 49))]
    small, large = np.array([[2, 2, 9, 9]]), np.array([[20, 20, 50, 50]])

    assert max_box_acc(maps, [small])["MaxBoxAccV2@70"] == 100
    assert max_box_acc(maps, [large])["MaxBoxAccV2@70"] == 100
    assert max_box_acc(maps, [small], contours="largest") == {"MaxBoxAcc": 0}
    assert max_box_acc(maps, [large], contours="largest") == {"MaxBoxAcc": 100}


def test_any_of_several_true_boxes_will_do() -> None:
    truth = np.array([[40, 40, 50, 50], [2, 2, 9, 9]])

    assert max_box_acc([blobs(60, (2, 2, 8, 8))], [truth])["MaxBoxAccV2"] == 100


def test_the_threshold_is_one_for_all_images_and_the_best_for_each_delta() -> None:
    """A faint margin around a core. The first image is right with the margin, the second without it, the third never;
    the box at δ 0.3 is right either way in both."""
    margin = blobs(60, (10, 10, 39, 39), value=0.4)
    scoremap = np.maximum(margin, blobs(60, (10, 10, 29, 29)))
    wide, narrow, far = np.array([[10, 10, 40, 40]]), np.array([[10, 10, 30, 30]]), np.array([[55, 55, 58, 58]])
    found = localize([scoremap] * 4, [wide, narrow, narrow, far], thresholds=10)

    assert found.accuracy(0.3, "all") == 75
    assert found.accuracy(0.7, "all") == 50
    assert found.hits(0.7, "all").tolist() == [False, True, True, False]
    assert found.best_threshold(0.3, "all") == 0  # of equals the lowest
    assert found.thresholds[found.best_threshold(0.7, "all")] == pytest.approx(0.4)
    assert max_box_acc([scoremap] * 4, [wide, narrow, narrow, far], deltas=(0.3, 0.7), thresholds=10) == {
        "MaxBoxAccV2": 62.5,
        "MaxBoxAccV2@30": 75,
        "MaxBoxAccV2@70": 50,
    }


def test_an_iou_of_exactly_delta_is_right() -> None:
    """The box 0, 0, 9, 9 against 0, 0, 9, 19: IoU 1/2."""
    found = max_box_acc([blobs(20, (0, 0, 8, 8))], [np.array([[0, 0, 9, 19]])], deltas=(0.5, 0.51))

    assert found["MaxBoxAccV2@50"] == 100
    assert found["MaxBoxAccV2@51"] == 0


def test_top1_needs_the_class_and_the_box() -> None:
    maps, truth = [blobs(30, (2, 2, 12, 12))] * 4, [np.array([[2, 2, 13, 13]])] * 3 + [np.array([[20, 20, 25, 25]])]

    assert gt_known_loc(maps, truth) == {"GT-known Loc": 75}
    assert top1_loc(maps, truth, [True, False, True, True]) == {"Top-1 Loc": 50}
    with pytest.raises(ValueError, match="one value an image, 4 in all"):
        top1_loc(maps, truth, [True])


def test_normalisation_is_bicubic_and_spans_zero_to_one() -> None:
    cam = np.random.default_rng(0).normal(size=(14, 14)).astype(np.float32)
    resized = cv2.resize(cam, (224, 224), interpolation=cv2.INTER_CUBIC)
    scoremap = normalize_scoremap(cam)

    assert scoremap.shape == (224, 224)
    assert (scoremap.min(), scoremap.max()) == (0, 1)
    np.testing.assert_allclose(scoremap, (resized - resized.min()) / np.ptp(resized), atol=1e-6)
    np.testing.assert_allclose(normalize_scoremap(3 * cam - 7), scoremap, atol=1e-5)
    assert not normalize_scoremap(np.full((7, 7), 0.3)).any()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_maps_of_a_diverged_model_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="NaN or infinity"):
        normalize_scoremap(np.array([[0, value]]))
    with pytest.raises(ValueError, match="class activation map must be"):
        normalize_scoremap(np.zeros(4))


@pytest.mark.parametrize(
    ("maps", "boxes", "message"),
    [
        ([np.zeros((4, 4))], [], r"as many score maps as sets of boxes, 0"),
        ([], [], r"one at least \(got 0\)"),
        ([np.zeros((4, 4))], [np.array([[0, 0, 1, 1]])] * 2, r"sets of boxes, 2, .*\(got 1\)"),
        ([np.zeros((4, 4), int)], [np.array([[0, 0, 1, 1]])], r"score map 0 must be \(H, W\) float \(got int64"),
        ([np.zeros((1, 4, 4))], [np.array([[0, 0, 1, 1]])], r"shape \(1, 4, 4\)"),
        ([np.full((4, 4), 1.5)], [np.array([[0, 0, 1, 1]])], r"score map 0 must lie in \[0, 1\] \(got 1\.5"),
        ([np.full((4, 4), np.nan)], [np.array([[0, 0, 1, 1]])], r"must lie in \[0, 1\] \(got nan"),
        ([np.zeros((4, 4))], [np.zeros((0, 4), int)], r"boxes 0 must be \(n, 4\) integers, n ≥ 1"),
        ([np.zeros((4, 4))], [np.array([0, 0, 1, 1])], r"boxes 0 must be \(n, 4\)"),
        ([np.zeros((4, 4))], [np.array([[0, 0, 1.5, 1]])], r"boxes 0 must be .*float64"),
        ([np.zeros((4, 4))], [np.array([[2, 0, 1, 1]])], r"boxes 0 must have 0 <= x0 <= x1"),
        ([np.zeros((4, 4))], [np.array([[-1, 0, 1, 1]])], r"boxes 0 must have 0 <= x0"),
    ],
)
def test_inputs_are_checked_at_the_door(maps: list[np.ndarray], boxes: list[np.ndarray], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        max_box_acc(maps, boxes)


def test_thresholds_are_at_least_one() -> None:
    with pytest.raises(ValueError, match="thresholds must be at least 1"):
        localize([np.zeros((4, 4))], [np.array([[0, 0, 1, 1]])], thresholds=0)


def test_the_box_that_is_drawn_is_the_box_that_is_scored() -> None:
    scoremap = np.zeros((40, 40))
    scoremap[5:15, 8:28] = 1.0
    scoremap[20:23, 20:23] = 0.8
    assert largest_box(scoremap, 0.5).tolist() == [8, 5, 28, 15]
    assert largest_box(np.zeros((40, 40)), 0.5).tolist() == [0, 0, 0, 0]
    found = localize([scoremap], [np.array([[8, 5, 28, 15]])], thresholds=10)
    assert found.ious["largest"][0, 5] == 1.0
