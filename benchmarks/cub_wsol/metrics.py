"""Localisation metrics of score maps: MaxBoxAccV2 and its relatives. Pure functions; accuracies are percentages.

A score map is (H, W) float in [0, 1]; boxes are integers x0, y0, x1, y1 in its pixels, both corners inclusive.

Source: Choe et al., "Evaluating Weakly Supervised Object Localization Methods Right" (CVPR 2020), equations of
MaxBoxAcc and MaxBoxAccV2; where the paper leaves a choice, as in the reference implementation clovaai/wsolevaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

Contours = Literal["all", "largest"]

DELTAS = (0.3, 0.5, 0.7)
"""The IoU that a box must reach to be right, δ, one accuracy for each."""
SIDE = 224
"""Score maps and boxes are compared in images of this side, whatever the model's input."""


def max_box_acc(
    scoremaps: Iterable[ArrayLike],
    boxes: Sequence[ArrayLike],
    *,
    deltas: Sequence[float] = DELTAS,
    contours: Contours = "all",
    thresholds: int = 1000,
) -> dict[str, float]:
    """Share of the images whose box reaches the IoU δ, at the score threshold that is best for all of them together.

    scoremaps, boxes, thresholds: as `localize` takes them. contours: "all" gives MaxBoxAccV2, with one accuracy
    `MaxBoxAccV2@30`, … for each of `deltas` (each at its own best threshold) and their mean `MaxBoxAccV2`; "largest"
    gives `MaxBoxAcc`, the box being the one around the largest contour and δ 0.5.
    """
    found = localize(scoremaps, boxes, thresholds=thresholds)
    if contours == "largest":
        return {"MaxBoxAcc": found.accuracy(0.5, "largest")}
    accuracies = {f"MaxBoxAccV2@{round(100 * delta)}": found.accuracy(delta, "all") for delta in deltas}
    return {"MaxBoxAccV2": float(np.mean(list(accuracies.values()))), **accuracies}


def gt_known_loc(
    scoremaps: Iterable[ArrayLike], boxes: Sequence[ArrayLike], *, thresholds: int = 1000
) -> dict[str, float]:
    """`GT-known Loc`: the class is given, the box around the largest contour must reach IoU 0.5.

    The threshold is the best one for all images together, which makes it `MaxBoxAcc` under the literature's name.
    """
    return {"GT-known Loc": localize(scoremaps, boxes, thresholds=thresholds).accuracy(0.5, "largest")}


def top1_loc(
    scoremaps: Iterable[ArrayLike], boxes: Sequence[ArrayLike], correct: ArrayLike, *, thresholds: int = 1000
) -> dict[str, float]:
    """`Top-1 Loc`: images whose class is right and whose box, around the largest contour, reaches IoU 0.5.

    correct: (N,) bool, whether the first guess of the class is right. The box is that of the score map as given, at the
    threshold that is best for `GT-known Loc`.
    """
    hits = localize(scoremaps, boxes, thresholds=thresholds).hits(0.5, "largest")
    correct = np.asarray(correct, dtype=bool)
    if correct.shape != hits.shape:
        raise ValueError(f"correct must have one value an image, {len(hits)} in all (got shape {correct.shape})")
    return {"Top-1 Loc": 100 * float((hits & correct).mean())}


@dataclass(frozen=True)
class Localization:
    """Fit of each image's boxes at each score threshold.

    thresholds: (T,) τ, the share of a map's maximum that the foreground exceeds. ious: for each way of choosing
    contours, (N, T) float64 in [0, 1], the best IoU of an image's boxes with its ground truth.
    """

    thresholds: np.ndarray
    ious: Mapping[Contours, np.ndarray]

    def best_threshold(self, delta: float, contours: Contours) -> int:
        """Index of the threshold at which most images reach δ; the lowest of equals."""
        return int((self.ious[contours] >= delta).sum(axis=0).argmax())

    def hits(self, delta: float, contours: Contours) -> np.ndarray:
        """(N,) bool: the images that reach δ at the best threshold."""
        return self.ious[contours][:, self.best_threshold(delta, contours)] >= delta

    def accuracy(self, delta: float, contours: Contours) -> float:
        """Share of `hits` in percent."""
        return 100 * float(self.hits(delta, contours).mean())


def localize(
    scoremaps: Iterable[ArrayLike], boxes: Sequence[ArrayLike], *, thresholds: int = 1000, threads: int = 1
) -> Localization:
    """The fit of every image's boxes at the thresholds 0, 1/T, 2/T, … below 1.

    scoremaps: N maps (H, W) in [0, 1], read one after the other. boxes: for each map (n, 4) integers, one row for each
    true box, n ≥ 1. thresholds: T. threads: how many maps are looked at side by side; the result is the same. Raises
    `ValueError` saying which image is wrong, and how.
    """
    if thresholds < 1:
        raise ValueError(f"thresholds must be at least 1 (got {thresholds})")
    from .contours import best_fits

    taus = np.arange(0, 1, 1 / thresholds)
    pairs = _checked_pairs(scoremaps, boxes)
    fits = np.stack(list(_side_by_side(lambda pair: best_fits(*pair, taus), pairs, threads)))
    return Localization(taus, {"all": fits[:, 0], "largest": fits[:, 1]})


def _checked_pairs(
    scoremaps: Iterable[ArrayLike], boxes: Sequence[ArrayLike]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields each map in 256 steps, (H, W) uint8, and its true boxes, (n, 4) int64."""
    count = 0
    for count, scoremap in enumerate(scoremaps, start=1):
        if count > len(boxes):
            raise ValueError(f"expected as many score maps as sets of boxes, {len(boxes)} (got more)")
        checked = _check_scoremap(np.asarray(scoremap), count - 1)
        yield _in_steps(checked), _check_boxes(np.asarray(boxes[count - 1]), count - 1)
    if count < len(boxes) or not count:
        raise ValueError(f"expected as many score maps as sets of boxes, {len(boxes)}, and one at least (got {count})")


def _side_by_side(
    work: Callable[[tuple[np.ndarray, np.ndarray]], np.ndarray],
    items: Iterator[tuple[np.ndarray, np.ndarray]],
    threads: int,
) -> Iterator[np.ndarray]:
    """Yields the results in the order of the items, of which 64 a thread are held at a time."""
    if threads <= 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        while batch := list(islice(items, 64 * threads)):
            yield from pool.map(work, batch)


def _in_steps(scoremap: np.ndarray) -> np.ndarray:
    """(H, W) uint8: a score map in 256 steps. The foreground at τ is what exceeds int(τ · max) of it."""
    return (scoremap * 255).astype(np.uint8, order="C")


def _find_boxes(image: np.ndarray, level: int) -> tuple[np.ndarray, int]:
    """(n, 4): the bounding rectangles of all contours of what exceeds `level`; and which is the largest contour's.

    Holes have contours too. A rectangle's far corner is x + w, y + h, one pixel beyond the contour, kept inside the
    image: the reference's convention. Where there is no contour, the box is 0, 0, 0, 0.
    """
    import cv2

    _, binary = cv2.threshold(image, level, 255, cv2.THRESH_BINARY)
    contours, _ = cv2.findContours(binary, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return np.zeros((1, 4), dtype=np.int64), 0
    boxes = np.array([cv2.boundingRect(contour) for contour in contours], dtype=np.int64)
    boxes[:, 2:] = np.minimum(boxes[:, :2] + boxes[:, 2:], (image.shape[1] - 1, image.shape[0] - 1))
    return boxes, int(np.argmax([cv2.contourArea(contour) for contour in contours]))


def largest_box(scoremap: ArrayLike, tau: float) -> np.ndarray:
    """(4,): the box that MaxBoxAcc looks at, around the largest contour of a score map at the threshold τ in [0, 1)."""
    image = _in_steps(_check_scoremap(np.asarray(scoremap), 0))
    boxes, place = _find_boxes(image, int(tau * image.max()))
    return boxes[place]


def box_iou(boxes: ArrayLike, others: ArrayLike) -> np.ndarray:
    """(n, m) float64: intersection over union of boxes (n, 4) with others (m, 4), corners inclusive."""
    one, other = np.asarray(boxes)[:, None, :], np.asarray(others)[None, :, :]
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2]) + 1
    shared = np.maximum(sides, 0).prod(axis=-1)
    areas = [(box[..., 2:] - box[..., :2] + 1).prod(axis=-1) for box in (one, other)]
    return shared / (areas[0] + areas[1] - shared)


def normalize_scoremap(cam: ArrayLike, side: int = SIDE) -> np.ndarray:
    """(side, side) float32 in [0, 1]: a class activation map (h, w), resized bicubically, then from its min to its max.

    A constant map gives zeros. Raises `ValueError` where the map is not finite.
    """
    cam = np.asarray(cam, dtype=np.float32)
    if cam.ndim != 2 or not cam.size:
        raise ValueError(f"a class activation map must be (h, w) (got shape {cam.shape})")
    if not np.isfinite(cam).all():
        raise ValueError("the class activation map holds NaN or infinity: the model's weights have diverged")
    if cam.min() == cam.max():  # seen before resizing, whose rounding errors would be blown up to a map
        return np.zeros((side, side), dtype=np.float32)
    import cv2

    resized = cv2.resize(cam, (side, side), interpolation=cv2.INTER_CUBIC)
    resized = resized - resized.min()
    peak = resized.max()
    return resized / peak if peak > 0 else np.zeros_like(resized)


def stretched_boxes(boxes: ArrayLike, size: tuple[int, int], side: int = SIDE) -> np.ndarray:
    """(n, 4) int64: the boxes (n, 4) of an image of a size (width, height), stretched to `side` x `side` pixels.

    Every coordinate is multiplied by side / width or side / height and cut off to a whole number, as the WSOL
    evaluation does it.
    """
    return (np.asarray(boxes, dtype=np.float64) * side / np.array(size * 2)).astype(np.int64)


def _check_scoremap(scoremap: np.ndarray, place: int) -> np.ndarray:
    if scoremap.ndim != 2 or not scoremap.size or not np.issubdtype(scoremap.dtype, np.floating):
        raise ValueError(f"score map {place} must be (H, W) float (got {scoremap.dtype} of shape {scoremap.shape})")
    low, high = scoremap.min(), scoremap.max()
    if not (low >= 0 and high <= 1):  # NaN too
        raise ValueError(f"score map {place} must lie in [0, 1] (got {low} to {high})")
    return scoremap


def _check_boxes(boxes: np.ndarray, place: int) -> np.ndarray:
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not len(boxes) or not np.issubdtype(boxes.dtype, np.integer):
        raise ValueError(f"boxes {place} must be (n, 4) integers, n ≥ 1 (got {boxes.dtype} of shape {boxes.shape})")
    if (boxes[:, :2] < 0).any() or (boxes[:, 2:] < boxes[:, :2]).any():
        raise ValueError(f"boxes {place} must have 0 <= x0 <= x1 and 0 <= y0 <= y1 (got {boxes.tolist()})")
    return boxes.astype(np.int64, order="C")
