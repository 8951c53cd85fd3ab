"""Measures video mAP on detections of the size of UCF101-24's test split, against plain loops.

    python -m provbench.tools.bench.video_map ANNOTATIONS [--per-video 100] [--part 10]

ANNOTATIONS: a folder with `pyannot.pkl` and `testlist01.txt`. Detections are made from the ground truth: its tubes,
shifted and shortened at random, of the right class or another one, with random scores. The plain loops see the first
`--part` videos only; at a low threshold they are quick, since they compare no detection with a tube that is taken.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from provbench.benchmarks.ucf101_24 import (
    CLASSES,
    TABLE,
    Tube,
    read_pyannot,
    read_test_list,
    table_maps,
    video_map,
    video_maps,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("annotations", type=Path)
    parser.add_argument("--per-video", type=int, default=100)
    parser.add_argument("--part", type=int, default=10)
    arguments = parser.parse_args()
    test = read_test_list(arguments.annotations / "testlist01.txt")
    videos = [video for video in read_pyannot(arguments.annotations / "pyannot.pkl") if video.name in test]
    rng = np.random.default_rng(0)
    truth = [tube for video in videos for tube in video.tubes()]
    guesses = [guess for video in videos for guess in random_detections(rng, video.tubes(), arguments.per_video)]
    boxes = sum(len(guess["frames"]) for guess in guesses)
    print(f"{len(videos)} videos, {len(truth)} tubes, {len(guesses)} detections, {boxes / 1e6:.1f} million boxes")
    seconds, result = timed(lambda: video_map(guesses, truth))
    print(f"  video_map at 0.5               {seconds:8.2f} s   mAP {result['mAP']:.2f}")
    seconds, maps = timed(lambda: table_maps(guesses, truth))
    print(f"  table_maps ({', '.join(TABLE)})  {seconds:6.2f} s   {maps}")
    part = {video.name for video in videos[: arguments.part]}
    truth, guesses = ([tube for tube in tubes if tube["video"] in part] for tubes in (truth, guesses))
    print(f"{len(part)} videos, {len(guesses)} detections, plain loops against the vectorised form")
    ious = tuple(sorted({iou for ious in TABLE.values() for iou in ious}))
    for some in ((0.5,), ious):
        fast, results = timed(partial(video_maps, guesses, truth, ious=some))
        slow, expected = timed(lambda some=some: {iou: brute_force_map(guesses, truth, iou=iou) for iou in some})
        gap = max(abs(results[iou]["AP"][label] - value) for iou in some for label, value in expected[iou].items())
        print(
            f"  {len(some):2d} thresholds: {slow:7.3f} s, {fast:7.3f} s, {slow / fast:5.1f} x; APs differ by {gap:.1e}"
        )


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def random_detections(rng: np.random.Generator, truth: Sequence[Tube], count: int) -> list[dict[str, Any]]:
    """`count` detections in the video of the tubes `truth`, half of them of the right class."""
    detections = []
    for _ in range(count):
        tube = truth[int(rng.integers(len(truth)))]
        start, stop = np.sort(rng.integers(len(tube["frames"]) + 1, size=2)) if rng.random() < 0.5 else (0, None)
        frames = tube["frames"][start:stop] if start != stop else tube["frames"]
        boxes = tube["boxes"][start:stop] if start != stop else tube["boxes"]
        shift = np.tile(rng.normal(0, 15, 2), 2)
        label = tube["label"] if rng.random() < 0.5 else int(rng.integers(len(CLASSES)))
        detections.append(
            {
                "video": tube["video"],
                "label": label,
                "frames": frames,
                "boxes": boxes.astype(np.float64) + shift,
                "score": float(rng.random()),
            }
        )
    return detections


def brute_force_map(
    detections: Sequence[Tube],
    ground_truth: Sequence[Tube],
    *,
    iou: Any = 0.5,
    number: Callable[[Any], Any] = float,
    tied: bool = False,
) -> dict[int, float]:
    """AP in percent by class, in plain loops over plain numbers, one definition a line: what `video_map` must equal.

    number: what to compute in; `fractions.Fraction` is exact where coordinates and `iou` are. tied: precision is read
    behind the last detection of each score only.
    """
    result = {}
    for label in sorted({tube["label"] for tube in ground_truth}):
        truth = [tube for tube in ground_truth if tube["label"] == label]
        guesses = sorted((guess for guess in detections if guess["label"] == label), key=lambda guess: -guess["score"])
        taken: set[int] = set()
        hits = []
        for guess in guesses:
            best, best_overlap = None, number(0)
            for place, tube in enumerate(truth):
                if place in taken or tube["video"] != guess["video"]:
                    continue
                overlap = _overlap(guess, tube, number)
                if overlap > best_overlap:
                    best, best_overlap = place, overlap
            hits.append(best is not None and best_overlap >= iou)
            if best is not None and hits[-1]:
                taken.add(best)
        precisions = [number(sum(hits[: rank + 1])) / number(rank + 1) for rank in range(len(hits))]
        scores = [guess["score"] for guess in guesses]
        read = [not tied or score not in scores[rank + 1 :] for rank, score in enumerate(scores)]
        precisions = [precision if known else number(0) for precision, known in zip(precisions, read, strict=True)]
        area = sum((max(precisions[rank:]) for rank, hit in enumerate(hits) if hit), start=number(0))
        result[label] = float(100 * area / number(len(truth)))
    return result


def _overlap(one: Tube, other: Tube, number: Callable[[Any], Any]) -> Any:
    first = dict(zip(one["frames"].tolist(), one["boxes"].tolist(), strict=True))
    second = dict(zip(other["frames"].tolist(), other["boxes"].tolist(), strict=True))
    common = first.keys() & second.keys()
    if not common:
        return number(0)
    mean = sum((_box_iou(first[frame], second[frame], number) for frame in common), start=number(0)) / len(common)
    return number(len(common)) / number(len(first.keys() | second.keys())) * mean


def _box_iou(one: Sequence[float], other: Sequence[float], number: Callable[[Any], Any]) -> Any:
    ax0, ay0, ax1, ay1 = map(number, one)
    bx0, by0, bx1, by1 = map(number, other)
    inside = max(number(0), min(ax1, bx1) - max(ax0, bx0)) * max(number(0), min(ay1, by1) - max(ay0, by0))
    union = (ax1 - ax0) * (ay1 - ay0) + (bx1 - bx0) * (by1 - by0) - inside
    return inside / union if union else number(0)


if __name__ == "__main__":
    main()
