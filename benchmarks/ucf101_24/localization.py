"""Turns the scores of people in frames into action tubes: boxes, linking, trimming. Pure functions of arrays.

A video has M people (in no reliable order from frame to frame) and T frames. Boxes are x0 y0 x1 y1 in continuous
pixels. A tube is a dict as `metrics` describes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np


@dataclass(frozen=True)
class Linking:
    """Parameters of linking boxes into tracks.

    margin: what a box is widened by on each side, in units of its own sides: joints lie inside a body. min_joints:
    people with fewer have no box. min_iou: with the track's last box. iou_weight: of the IoU relative to the person's
    score when a track chooses; 0 is ACT's own rule, where the score alone decides. max_gap: frames without a box that a
    track survives, and that are filled in between. min_length: frames of a track, filled ones included.
    """

    margin: float = 0.1
    min_joints: int = 3
    min_iou: float = 0.2
    iou_weight: float = 1.0
    max_gap: int = 5
    min_length: int = 15


@dataclass(frozen=True)
class Trimming:
    """Parameters that decide which part of a track is the action of a class.

    kind: `none` keeps the whole track; `threshold` the frames whose score reaches `threshold`; `viterbi` the labelling
    of the frames with the largest sum of (score - threshold) over the action's frames, less `switch_cost` for each time
    that the action begins or ends inside the track. smooth: frames of the moving average over the scores. min_length:
    of a part; where none is as long, the class has no tube on this track.
    """

    kind: Literal["none", "threshold", "viterbi"] = "viterbi"
    threshold: float = 0.4
    switch_cost: float = 0.5
    smooth: int = 1
    min_length: int = 8


@dataclass(frozen=True)
class Track:
    """A person followed through a video, frame after frame without gaps.

    frames: (n,) int64. boxes: (n, 4) float64. people: (n,) int64, which of the frame's M people it is; -1 where the box
    was filled in. score: the mean of the people's scores.
    """

    frames: np.ndarray
    boxes: np.ndarray
    people: np.ndarray
    score: float


def person_boxes(
    keypoints: np.ndarray,
    scores: np.ndarray,
    shape: tuple[int, int],
    *,
    margin: float = Linking.margin,
    min_joints: int = Linking.min_joints,
) -> tuple[np.ndarray, np.ndarray]:
    """(M, T, 4) float64: boxes around the joints that are there, widened, inside the frame; (M, T) bool: where one is.

    keypoints: (M, T, J, 2) pixels. scores: (M, T, J), 0 where a joint is missing. shape: height and width. Where a
    person has fewer than `min_joints`, or nothing of the box is inside the frame, there is none, and its numbers are 0.
    """
    there = scores > 0
    low = np.where(there[..., None], keypoints, np.inf).min(axis=2)
    high = np.where(there[..., None], keypoints, -np.inf).max(axis=2)
    found = there.sum(axis=2) >= max(min_joints, 1)
    low, high = (np.where(found[..., None], corner, 0.0) for corner in (low, high))
    border = margin * (high - low)
    sides = np.array([shape[1], shape[0]], dtype=np.float64)
    boxes = np.concatenate([np.clip(low - border, 0, sides), np.clip(high + border, 0, sides)], axis=-1)
    found &= (boxes[..., 2:] > boxes[..., :2]).all(axis=-1)
    return np.where(found[..., None], boxes, 0.0), found


def pairwise_iou(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n, m): intersection over union of boxes (n, 4) with others (m, 4)."""
    one, other = boxes[:, None], others[None]
    shared = np.clip(np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2]), 0, None)
    shared = shared.prod(axis=-1)
    areas = [(box[..., 2:] - box[..., :2]).prod(axis=-1) for box in (one, other)]
    union = areas[0] + areas[1] - shared
    return np.divide(shared, union, out=np.zeros_like(union), where=union > 0)


def link(boxes: np.ndarray, found: np.ndarray, scores: np.ndarray, options: Linking | None = None) -> list[Track]:
    """Tracks through a video, the one of the highest mean score first.

    boxes: (M, T, 4). found: (M, T) bool. scores: (M, T), how sure each person is. In every frame the tracks choose in
    descending mean score: each takes, of the boxes that are free and overlap its last one by `min_iou`, the one with
    the largest score + iou_weight · IoU. Boxes that no track takes begin new ones. Source: Kalogeiton et al., "Action
    Tubelet Detector for Spatio-Temporal Action Localization" (ICCV 2017), section 3.3, online linking, for single
    boxes.
    """
    options = options or Linking()
    done: list[_Growing] = []
    growing: list[_Growing] = []
    for frame in range(found.shape[1]):
        done += [track for track in growing if frame - track.frames[-1] > options.max_gap + 1]
        growing = [track for track in growing if frame - track.frames[-1] <= options.max_gap + 1]
        growing.sort(key=lambda track: -track.mean)  # stable: of equals the older one chooses first
        people = np.flatnonzero(found[:, frame])
        if not len(people):
            continue
        free = np.ones(len(people), dtype=bool)
        if growing:
            ious = pairwise_iou(np.stack([track.boxes[-1] for track in growing]), boxes[people, frame])
            gains = np.where(ious >= options.min_iou, scores[people, frame] + options.iou_weight * ious, -np.inf)
            for track, row in zip(growing, gains, strict=True):
                choice = int(np.where(free, row, -np.inf).argmax())
                if free[choice] and row[choice] > -np.inf:
                    free[choice] = False
                    person = people[choice]
                    track.add(frame, boxes[person, frame], person, scores[person, frame])
        for person in people[free]:
            growing.append(_Growing())
            growing[-1].add(frame, boxes[person, frame], person, scores[person, frame])
    tracks = [track.filled() for track in (*done, *growing)]
    return sorted(
        (track for track in tracks if len(track.frames) >= options.min_length), key=lambda track: -track.score
    )


def follow(
    keypoints: np.ndarray, scores: np.ndarray, shape: tuple[int, int], options: Linking | None = None
) -> list[Track]:
    """The people of a video as tracks: `person_boxes`, linked; a person's score is the mean of its joints'."""
    options = options or Linking()
    boxes, found = person_boxes(keypoints, scores, shape, margin=options.margin, min_joints=options.min_joints)
    return link(boxes, found, scores.mean(axis=2), options)


class _Growing:
    """A track while it is being linked."""

    def __init__(self) -> None:
        self.frames: list[int] = []
        self.boxes: list[np.ndarray] = []
        self.people: list[int] = []
        self.total = 0.0

    @property
    def mean(self) -> float:
        return self.total / len(self.frames)

    def add(self, frame: int, box: np.ndarray, person: int, score: float) -> None:
        self.frames.append(frame)
        self.boxes.append(box)
        self.people.append(int(person))
        self.total += float(score)

    def filled(self) -> Track:
        """The track with its gaps filled in, linearly in time."""
        known = np.array(self.frames)
        frames = np.arange(known[0], known[-1] + 1)
        people = np.full(len(frames), -1)
        people[known - known[0]] = self.people
        return Track(frames, _interpolate(frames, known, np.stack(self.boxes)), people, self.mean)


def track_scores(track: Track, scores: np.ndarray) -> np.ndarray | None:
    """(n, K): the class scores along a track; None where nothing is known of any of its frames.

    scores: (M, T, K), NaN where a person was not scored. Between frames that were, linear in time; before the first and
    after the last, theirs.
    """
    own = scores[track.people, track.frames]
    known = (track.people >= 0) & ~np.isnan(own).any(axis=1)
    if not known.any():
        return None
    return _interpolate(track.frames, track.frames[known], own[known])


def _interpolate(places: np.ndarray, known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(n, D): values (k, D) at the ascending places `known` (k,), linear in between, constant outside."""
    after = np.searchsorted(known, places).clip(0, len(known) - 1)
    before = np.where(known[after] > places, after - 1, after).clip(0)
    step = known[after] - known[before]
    share = np.divide(places - known[before], step, out=np.zeros(len(places)), where=step > 0).clip(0, 1)
    return values[before] + share[:, None] * (values[after] - values[before])


def moving_average(scores: np.ndarray, frames: int) -> np.ndarray:
    """(n, K): the mean of scores (n, K) over `frames` frames around each, as many of them as there are."""
    if frames <= 1:
        return scores
    sums = np.concatenate([np.zeros((1, scores.shape[1])), scores.cumsum(axis=0)])
    place = np.arange(len(scores))
    start, stop = (place - frames // 2).clip(0), (place - frames // 2 + frames).clip(max=len(scores))
    return (sums[stop] - sums[start]) / (stop - start)[:, None]


def best_labelling(gains: np.ndarray, switch_cost: float) -> np.ndarray:
    """(n, K) bool: for each class, the labelling of the frames with the largest sum of gains over the labelled ones.

    gains: (n, K). Less `switch_cost` for each change from one frame to the next. Of equally good ones, one with fewer
    changes at its end. A Viterbi pass over two states, all classes at once.
    """
    length, classes = gains.shape
    value = np.stack([np.zeros(classes), gains[0]])
    came_from = np.zeros((length, 2, classes), dtype=np.int8)
    for place in range(1, length):
        switched = value[::-1] - switch_cost
        stay = value >= switched
        came_from[place] = np.where(stay, [[0], [1]], [[1], [0]])
        value = np.where(stay, value, switched) + np.stack([np.zeros(classes), gains[place]])
    labels = np.zeros((length, classes), dtype=bool)
    state = (value[1] > value[0]).astype(np.int8)
    for place in range(length - 1, -1, -1):
        labels[place] = state
        state = came_from[place, state, np.arange(classes)]
    return labels


def runs(labels: np.ndarray) -> list[tuple[int, int]]:
    """The intervals [start, stop) over which labels (n,) bool are True."""
    edges = np.flatnonzero(np.diff(labels.astype(np.int8), prepend=0, append=0))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def trim(scores: np.ndarray, options: Trimming | None = None) -> list[list[tuple[int, int]]]:
    """Returns, for each class, the intervals [start, stop) of the track that are its action. scores: (n, K)."""
    options = options or Trimming()
    smooth = moving_average(scores, options.smooth)
    if options.kind == "none":
        labels = np.ones(scores.shape, dtype=bool)
    elif options.kind == "threshold":
        labels = smooth >= options.threshold
    else:
        labels = best_labelling(smooth - options.threshold, options.switch_cost)
    return [[(a, b) for a, b in runs(column) if b - a >= options.min_length] for column in labels.T]


def detect(
    video: str,
    tracks: Iterable[Track],
    scores: np.ndarray,
    weights: Mapping[int, float],
    options: Trimming | None = None,
) -> list[dict[str, Any]]:
    """The tubes of a video, as detections: for each track and each class of `weights`, the parts that `trim` keeps.

    scores: (M, T, K) class scores of the people, NaN where one was not scored. A tube's `scores` (n,) are its class's
    over its frames, times the class's weight, and its `score` is their mean.
    """
    classes = list(weights)
    tubes: list[dict[str, Any]] = []
    for track in tracks:
        own = track_scores(track, scores)
        if own is None:
            continue
        own = own[:, classes]
        for column, intervals in enumerate(trim(own, options)):
            for start, stop in intervals:
                frames = slice(start, stop)
                confidence = weights[classes[column]] * own[frames, column]
                tubes.append(
                    {
                        "video": video,
                        "label": int(classes[column]),
                        "frames": track.frames[frames],
                        "boxes": track.boxes[frames],
                        "scores": confidence,
                        "score": float(confidence.mean()),
                    }
                )
    return tubes
