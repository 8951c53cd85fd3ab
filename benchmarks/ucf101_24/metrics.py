"""Average precision of action tubes, and of their boxes frame by frame. Pure functions; every result is a percentage.

A tube is a dict: `video` str, `label` int, `frames` (n,) integers, strictly increasing, `boxes` (n, 4) as x0 y0 x1 y1
in continuous coordinates (a box is x1 - x0 wide, without + 1), and, for a detection, `score`.

Detections of a class, in descending score over all videos, each look for the ground truth of that class and video that
overlaps them most among those that are not yet taken; where the overlap reaches the threshold the detection is a hit
and the ground truth is taken, otherwise it is a false alarm. AP is the area under the precision envelope (VOC 2011,
all points), and mAP averages the classes that have ground truth: a class that was never detected counts as 0.

Tubes of one score rank in the order that they are given in; of two ground truths that overlap equally the first is
taken. In `frame_map` boxes of one score count as one step, since the order of a tube's frames means nothing: precision
is read where all of them are counted, and only which of two such boxes in one frame takes a truth follows the order.

Two evaluations of tubes are offered. `continuous` is what is said above. `matlab` scores as the MATLAB code does that
the corrected annotations come with (Singh et al., "Online Real-time Multiple Spatiotemporal Action Localisation and
Prediction", ICCV 2017; gurkirt/corrected-UCF101-Annots, `compute_spatio_temporal_iou.m`), for tubes without gaps:

- 1 is added to x, y, width and height of every detection, and to no ground truth, so that perfect tubes of the official
  test split get 99.7 at 0.75 and 86.6 at 0.5:0.95. (The authors' own detector added 1 to the corners before.)
- Two tubes with one common frame do not overlap.
- A hit overlaps by more than the threshold.

That code averages all 24 classes, this one those that have ground truth, as all 24 have in the official splits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, TypedDict

import numpy as np

Tube = Mapping[str, Any]

TABLE: Mapping[str, tuple[float, ...]] = {
    "0.2": (0.2,),
    "0.5": (0.5,),
    "0.75": (0.75,),
    "0.5:0.95": tuple(percent / 100 for percent in range(50, 100, 5)),
}
"""The columns of the literature's tables: thresholds whose mAPs are averaged."""

ROUNDING = 1e-9
"""Overlaps this close to a threshold are equal to it: a sum of rounded box overlaps must not miss an exact tie."""

Evaluation = Literal["continuous", "matlab"]


@dataclass(frozen=True)
class _Rules:
    """Rules in which two evaluations differ.

    shift: (4,), what is added to x0, y0, x1, y1 of a detection. common: frames that two tubes that overlap share at
    least. margin: what an overlap must reach beyond the threshold.
    """

    shift: tuple[float, float, float, float]
    common: int
    margin: float


RULES: Mapping[Evaluation, _Rules] = {
    "continuous": _Rules((0.0, 0.0, 0.0, 0.0), 1, -ROUNDING),
    "matlab": _Rules((1.0, 1.0, 2.0, 2.0), 2, ROUNDING),
}


class AveragePrecision(TypedDict):
    """mAP: percent. AP: percent, by each class that has ground truth."""

    mAP: float
    AP: dict[int, float]


def video_map(
    detections: Sequence[Tube],
    ground_truth: Sequence[Tube],
    *,
    iou: float = 0.5,
    num_classes: int = 24,
    evaluation: Evaluation = "continuous",
) -> AveragePrecision:
    """AP of whole tubes: a hit overlaps its ground truth by at least `iou`, as `tube_overlap` measures it.

    Raises `ValueError` for a tube that is not as the module describes, a label outside 0..num_classes - 1, `iou`
    outside (0, 1], and where there is no ground truth at all.
    """
    return video_maps(detections, ground_truth, ious=(iou,), num_classes=num_classes, evaluation=evaluation)[iou]


def frame_map(
    detections: Sequence[Tube], ground_truth: Sequence[Tube], *, iou: float = 0.5, num_classes: int = 24
) -> AveragePrecision:
    """AP of single boxes: every frame is an image of its own, and a box has the score of its tube.

    A tube may have `scores` (n,), one a box, which then stand for its `score`. Raises as `video_map`.
    """
    return frame_maps(detections, ground_truth, ious=(iou,), num_classes=num_classes)[iou]


def video_maps(
    detections: Sequence[Tube],
    ground_truth: Sequence[Tube],
    *,
    ious: Iterable[float],
    num_classes: int = 24,
    evaluation: Evaluation = "continuous",
) -> dict[float, AveragePrecision]:
    """`video_map` at several thresholds; the overlaps, which take the time, are computed once."""
    rules = RULES[evaluation]
    return _evaluate(partial(_rank_tubes, rules), detections, ground_truth, ious, num_classes, margin=rules.margin)


def frame_maps(
    detections: Sequence[Tube], ground_truth: Sequence[Tube], *, ious: Iterable[float], num_classes: int = 24
) -> dict[float, AveragePrecision]:
    """`frame_map` at several thresholds; the overlaps, which take the time, are computed once."""
    return _evaluate(_rank_boxes, detections, ground_truth, ious, num_classes, tied=True)


def table_maps(
    detections: Sequence[Tube],
    ground_truth: Sequence[Tube],
    *,
    num_classes: int = 24,
    evaluation: Evaluation = "continuous",
) -> dict[str, float]:
    """Video mAP at the thresholds of `TABLE`, by their names there."""
    every = {iou for ious in TABLE.values() for iou in ious}
    results = video_maps(detections, ground_truth, ious=every, num_classes=num_classes, evaluation=evaluation)
    return {name: float(np.mean([results[iou]["mAP"] for iou in ious])) for name, ious in TABLE.items()}


def tube_overlap(one: Tube, other: Tube) -> float:
    """Spatio-temporal IoU in [0, 1]: common frames / frames in either tube, times the mean box IoU over the former.

    Of the two tubes only `frames` and `boxes` are looked at.
    """
    stacks = [_stack([{**tube, "label": 0}], [0], 1, "tube") for tube in (one, other)]
    return float(_tube_overlaps(stacks[0], stacks[1])[0, 0])


def box_iou(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(n,) float64: IoU of each box of `one` (n, 4) with its counterpart of `other` (n, 4); 0 for two empty boxes."""
    one, other = one.astype(np.float64, copy=False), other.astype(np.float64, copy=False)
    low, high = np.maximum(one[:, :2], other[:, :2]), np.minimum(one[:, 2:], other[:, 2:])
    inside = np.clip(high - low, 0, None).prod(axis=1)
    union = (one[:, 2:] - one[:, :2]).prod(axis=1) + (other[:, 2:] - other[:, :2]).prod(axis=1) - inside
    return np.divide(inside, union, out=np.zeros_like(inside), where=union > 0)


def average_precision(hits: np.ndarray, positives: int, scores: np.ndarray | None = None) -> float:
    """Percent: the area under the precision envelope over recall. hits: (n,) bool, best score first; positives > 0.

    scores: (n,) descending; given, those of one score are one step. Otherwise each is one, in its place.
    """
    if scores is not None:
        return _stepwise_precision(hits, positives, scores)
    ranks = np.flatnonzero(hits) + 1
    precision = np.arange(1, len(ranks) + 1) / ranks
    envelope = np.maximum.accumulate(precision[::-1])
    return 100 * float(envelope.sum()) / positives


def _stepwise_precision(hits: np.ndarray, positives: int, scores: np.ndarray) -> float:
    ends = np.flatnonzero(np.diff(scores, append=-np.inf))
    found = np.cumsum(hits)[ends]
    envelope = np.maximum.accumulate((found / (ends + 1))[::-1])[::-1]
    return 100 * float((np.diff(found, prepend=0) * envelope).sum()) / positives


@dataclass(frozen=True)
class _Stack:
    """Tubes one after the other. frames: (N,); boxes: (N, 4); owner: (N,), the tube of each box.

    Of each tube: lengths (n,), its boxes; labels (n,); places (n,), where it stands in what the caller gave.
    """

    frames: np.ndarray
    boxes: np.ndarray
    owner: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray
    places: np.ndarray

    def only(self, label: int) -> _Stack:
        """Its tubes of one label."""
        tubes = self.labels == label
        if tubes.all():
            return self
        rows = tubes[self.owner]
        owner = (np.cumsum(tubes) - 1)[self.owner[rows]]
        return _Stack(
            self.frames[rows], self.boxes[rows], owner, self.lengths[tubes], self.labels[tubes], self.places[tubes]
        )


@dataclass(frozen=True)
class _Ranking:
    """Candidates of one class in one video, best score first.

    scores: (n,). position: (n,), what decides between equal scores. overlap: (n, g) with the ground truths. cell: (n,)
    integers from 0: candidates of different cells (frames) do not compete, a ground truth can be taken once in each.
    """

    scores: np.ndarray
    position: np.ndarray
    overlap: np.ndarray
    cell: np.ndarray


def _evaluate(
    rank: Any,
    detections: Sequence[Tube],
    ground_truth: Sequence[Tube],
    ious: Iterable[float],
    num_classes: int,
    *,
    margin: float = -ROUNDING,
    tied: bool = False,
) -> dict[float, AveragePrecision]:
    """tied: candidates of one score are one step. margin: as in `_Rules`."""
    ious = tuple(ious)
    for iou in ious:
        if not 0 < iou <= 1:
            raise ValueError(f"iou must be in (0, 1] (got {iou})")
    if not ground_truth:
        raise ValueError("without ground truth the average precision is undefined")
    found, wanted = _by_video(detections), _by_video(ground_truth)
    rankings: dict[int, list[_Ranking]] = defaultdict(list)
    positives: dict[int, int] = defaultdict(int)
    for video in dict.fromkeys([*wanted, *found]):
        guesses = _stack(detections, found.get(video, []), num_classes, "detection")
        truth = _stack(ground_truth, wanted.get(video, []), num_classes, "ground truth")
        for label in np.union1d(guesses.labels, truth.labels).tolist():
            ranking, count = rank(detections, guesses.only(label), truth.only(label))
            rankings[label].append(ranking)
            positives[label] += count
    results = {iou: {} for iou in ious}
    for label in sorted(label for label, count in positives.items() if count):
        scores = np.concatenate([ranking.scores for ranking in rankings[label]])
        order = np.lexsort((np.concatenate([ranking.position for ranking in rankings[label]]), -scores))
        for iou in ious:
            hits = np.concatenate([_hits(ranking, iou + margin) for ranking in rankings[label]])
            results[iou][label] = average_precision(hits[order], positives[label], scores[order] if tied else None)
    return {iou: {"mAP": float(np.mean(list(by_class.values()))), "AP": by_class} for iou, by_class in results.items()}


def _by_video(tubes: Sequence[Tube]) -> dict[str, list[int]]:
    """Places in `tubes` by video."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, tube in enumerate(tubes):
        places[tube["video"]].append(place)
    return places


def _rank_tubes(rules: _Rules, detections: Sequence[Tube], guesses: _Stack, truth: _Stack) -> tuple[_Ranking, int]:
    order, scores = _by_score(_scores(detections, guesses))
    overlap = _tube_overlaps(guesses, truth, rules)[order]
    return _Ranking(scores, guesses.places[order], overlap, np.zeros(len(order), dtype=np.int64)), len(truth.lengths)


def _rank_boxes(detections: Sequence[Tube], guesses: _Stack, truth: _Stack) -> tuple[_Ranking, int]:
    order, scores = _by_score(_box_scores(detections, guesses))
    overlap = np.zeros((len(guesses.frames), len(truth.lengths)))
    for column, rows, _, box_overlaps in _common_frames(guesses, truth):
        overlap[rows, column] = box_overlaps
    _, cell = np.unique(guesses.frames, return_inverse=True)
    position = guesses.places[guesses.owner]
    return _Ranking(scores, position[order], overlap[order], cell[order]), len(truth.frames)


def _tube_overlaps(guesses: _Stack, truth: _Stack, rules: _Rules = RULES["continuous"]) -> np.ndarray:
    """(guesses, truths): the ST-IoU of each pair. The mean over the common frames times their share is sum / either."""
    overlap = np.zeros((len(guesses.lengths), len(truth.lengths)))
    if any(rules.shift):
        guesses = replace(guesses, boxes=guesses.boxes + rules.shift)
    for column, rows, length, box_overlaps in _common_frames(guesses, truth):
        owner = guesses.owner[rows]
        common = np.bincount(owner, minlength=len(guesses.lengths))
        total = np.bincount(owner, weights=box_overlaps, minlength=len(guesses.lengths))
        enough = common >= rules.common
        overlap[:, column] = np.where(enough, total, 0.0) / (guesses.lengths + length - common)
    return overlap


def _common_frames(guesses: _Stack, truth: _Stack) -> Iterable[tuple[int, np.ndarray, int, np.ndarray]]:
    """Yields for each true tube: its place, the rows of `guesses` in one of its frames, its length, the IoUs of those
    rows.
    """
    starts = np.cumsum(truth.lengths) - truth.lengths
    for column, (start, length) in enumerate(zip(starts.tolist(), truth.lengths.tolist(), strict=True)):
        frames, boxes = truth.frames[start : start + length], truth.boxes[start : start + length]
        match = np.minimum(np.searchsorted(frames, guesses.frames), length - 1)
        rows = np.flatnonzero(frames[match] == guesses.frames)
        yield column, rows, length, box_iou(guesses.boxes[rows], boxes[match[rows]])


def _hits(ranking: _Ranking, enough: float) -> np.ndarray:
    """(n,) bool: which candidates are hits. In each round the best remaining one of every cell takes its truth.

    enough: the least overlap of a hit.
    """
    hit = np.zeros(len(ranking.scores), dtype=bool)
    if not ranking.overlap.size:
        return hit
    free = np.ones((int(ranking.cell.max()) + 1, ranking.overlap.shape[1]), dtype=bool)
    left = np.flatnonzero(ranking.overlap.max(axis=1) >= enough)
    while len(left):
        cell = ranking.cell[left]
        reach = np.where(free[cell], ranking.overlap[left], -1.0)
        best = reach.argmax(axis=1)
        able = reach[np.arange(len(left)), best] >= enough  # who is not now never will be: `free` only shrinks
        left, cell, best = left[able], cell[able], best[able]
        _, first = np.unique(cell, return_index=True)
        hit[left[first]] = True
        free[cell[first], best[first]] = False
        left = np.delete(left, first)
    return hit


def _scores(detections: Sequence[Tube], guesses: _Stack) -> np.ndarray:
    """(tubes,) float64."""
    scores = np.array([detections[place]["score"] for place in guesses.places], dtype=np.float64)
    if not np.isfinite(scores).all():
        wrong = int(np.flatnonzero(~np.isfinite(scores))[0])
        raise ValueError(f"detection {guesses.places[wrong]}: score must be finite (got {scores[wrong]})")
    return scores


def _box_scores(detections: Sequence[Tube], guesses: _Stack) -> np.ndarray:
    """(N,) float64, one a box."""
    parts = [np.zeros(0)]
    for place, length in zip(guesses.places.tolist(), guesses.lengths.tolist(), strict=True):
        tube = detections[place]
        scores = np.asarray(tube["scores"] if "scores" in tube else np.full(length, tube["score"]), dtype=np.float64)
        if scores.shape != (length,) or not np.isfinite(scores).all():
            raise ValueError(f"detection {place}: scores must be finite, one for each of its {length} boxes")
        parts.append(scores)
    return np.concatenate(parts)


def _by_score(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The order of descending scores, equal ones as they come, and the scores in it."""
    order = np.argsort(-scores, kind="stable")
    return order, scores[order]


def _stack(tubes: Sequence[Tube], places: Sequence[int], num_classes: int, kind: str) -> _Stack:
    """The tubes at `places`, looked over. kind: what they are called in an error."""
    frames = [np.asarray(tubes[place]["frames"]) for place in places]
    boxes = [np.asarray(tubes[place]["boxes"]) for place in places]
    labels = [int(tubes[place]["label"]) for place in places]
    for place, label, own_frames, own_boxes in zip(places, labels, frames, boxes, strict=True):
        if not 0 <= label < num_classes:
            raise ValueError(f"{kind} {place}: label must be one of 0..{num_classes - 1} (got {label})")
        if own_frames.ndim != 1 or not len(own_frames) or own_frames.dtype.kind not in "iu":
            raise ValueError(f"{kind} {place}: frames must be (n,) integers, n > 0 (got shape {own_frames.shape})")
        if own_boxes.shape != (len(own_frames), 4):
            raise ValueError(f"{kind} {place}: boxes must be ({len(own_frames)}, 4) (got {own_boxes.shape})")
    lengths = np.array([len(own) for own in frames], dtype=np.int64)
    stack = _Stack(
        # unsigned frames would wrap in the subtraction below, unsigned coordinates in the areas
        np.concatenate(frames).astype(np.int64) if places else np.zeros(0, dtype=np.int64),
        np.concatenate(boxes).astype(np.float64, copy=False) if places else np.zeros((0, 4)),
        np.repeat(np.arange(len(places)), lengths),
        lengths,
        np.array(labels, dtype=np.int64),
        np.array(places, dtype=np.int64),
    )
    falls = (np.diff(stack.frames) <= 0) & (stack.owner[1:] == stack.owner[:-1])
    if falls.any():
        place = stack.places[stack.owner[1:][falls][0]]
        raise ValueError(f"{kind} {place}: frames must be sorted, each one once")
    wrong = ~(np.isfinite(stack.boxes).all(axis=1) & (stack.boxes[:, 2:] >= stack.boxes[:, :2]).all(axis=1))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"{kind} {stack.places[stack.owner[row]]}: boxes must be finite, x0 <= x1 and y0 <= y1 "
            f"(got {stack.boxes[row].tolist()} in frame {stack.frames[row]})"
        )
    return stack
