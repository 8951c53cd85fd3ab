"""Measures the boxes of score maps at every threshold, against one contour search a threshold.

    python -m provbench.tools.bench.wsol [--maps 20] [--rounds 5] [--thresholds 1000] [--images 5794] [--threads 2]

The reference is `loop`, the straightforward evaluation: for each threshold the map is cut and OpenCV's contours, their
rectangles, areas and IoUs are computed. Both take turns, in rounds of the same maps of 224 x 224, and must give equal
results. Times are of the processor, medians over the rounds. A map of pixel noise takes the loop seconds, so that it
sees one, at every tenth threshold, and its time is multiplied by ten.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from provbench.benchmarks.cub_wsol import SIDE, box_iou, localize, normalize_scoremap

TRUTH = np.array([[40, 50, 170, 160]])
"""A true box of 29 % of the image; CUB's have 34 % on average."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maps", type=int, default=20, help="of each kind, in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--thresholds", type=int, default=1000)
    parser.add_argument("--images", type=int, default=5794, help="of the test split")
    parser.add_argument("--threads", type=int, default=2, help="for the test split")
    options = parser.parse_args()
    began = time.perf_counter()
    localize([np.zeros((1, 1))], [TRUTH], thresholds=options.thresholds)
    print(f"import of numba, and compiling or reading its cache: {time.perf_counter() - began:.1f} s")
    for kind in KINDS:
        print(compare(kind, options.maps, options.rounds, options.thresholds).line(kind.__doc__ or ""))
    compare_noise(options.thresholds)
    for threads in sorted({1, options.threads}):
        time_split(options.images, options.thresholds, threads)


@dataclass(frozen=True)
class Times:
    """Seconds of the processor a map, of the loop and of `localize`, in each round."""

    loop: list[float]
    sweep: list[float]

    def line(self, name: str) -> str:
        ratios = [slow / fast for slow, fast in zip(self.loop, self.sweep, strict=True)]
        slow, fast = (1000 * statistics.median(times) for times in (self.loop, self.sweep))
        spread = f"{statistics.median(ratios):5.0f} x ({min(ratios):.0f} to {max(ratios):.0f})"
        return f"{name:58} loop {slow:9.2f} ms   localize {fast:7.3f} ms   {spread}"


def compare(kind: Callable[[np.random.Generator], np.ndarray], maps: int, rounds: int, thresholds: int) -> Times:
    rng = np.random.default_rng(0)
    times = Times([], [])
    for _ in range(rounds):
        scoremaps = [normalize_scoremap(kind(rng)) for _ in range(maps)]
        seconds, expected = timed(lambda: [loop(scoremap, TRUTH, thresholds) for scoremap in scoremaps])  # noqa: B023
        times.loop.append(seconds / maps)
        seconds, found = timed(lambda: localize(scoremaps, [TRUTH] * maps, thresholds=thresholds))  # noqa: B023
        times.sweep.append(seconds / maps)
        assert np.array_equal(np.stack([found.ious["all"], found.ious["largest"]], axis=1), expected)
    return times


def compare_noise(thresholds: int) -> None:
    """Compares on one map of pixel noise, at a tenth of the thresholds."""
    few = max(thresholds // 10, 1)
    scoremap = np.random.default_rng(0).random((SIDE, SIDE))
    slow, expected = timed(lambda: loop(scoremap, TRUTH, few))
    _, found = timed(lambda: localize([scoremap], [TRUTH], thresholds=few))
    assert np.array_equal(np.concatenate([found.ious["all"], found.ious["largest"]]), expected)
    fast = [timed(lambda: localize([scoremap], [TRUTH], thresholds=thresholds))[0] for _ in range(5)]
    print(Times([slow * thresholds / few], [statistics.median(fast)]).line("pixel noise (1 map)"))


def time_split(images: int, thresholds: int, threads: int) -> None:
    """Times a whole split from class activation maps to IoUs, as `cub-wsol` evaluates it."""
    rng = np.random.default_rng(1)
    activations = [cam(rng) for _ in range(images)]
    cv2.setNumThreads(threads)
    wall, processor = time.perf_counter(), time.process_time()
    localize(map(normalize_scoremap, activations), [TRUTH] * images, thresholds=thresholds, threads=threads)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    name = f"{images} activation maps, resized and scored, threads: {threads}"
    print(f"{name:58} {wall:.1f} s ({processor:.1f} s of processor)")


def cam(rng: np.random.Generator) -> np.ndarray:
    """CAMs 14 x 14: one to three parts of an object and noise"""
    rows, columns = np.indices((14, 14))
    activation = rng.normal(0, 0.04, (14, 14))
    for _ in range(rng.integers(1, 4)):
        (y, x), (high, wide) = rng.uniform(2, 12, 2), rng.uniform(1.2, 3.5, 2)
        activation += rng.uniform(0.3, 1) * np.exp(-(((rows - y) / high) ** 2 + ((columns - x) / wide) ** 2) / 2)
    return activation


def blobs(rng: np.random.Generator) -> np.ndarray:
    """smooth blobs: noise 14 x 14, blurred by one pixel"""
    return cv2.GaussianBlur(rng.random((14, 14)), (0, 0), 1.0)


def noise_14(rng: np.random.Generator) -> np.ndarray:
    """noise 14 x 14"""
    return rng.random((14, 14))


def noise_28(rng: np.random.Generator) -> np.ndarray:
    """noise 28 x 28"""
    return rng.random((28, 28))


KINDS = (cam, blobs, noise_14, noise_28)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Returns the seconds of the processor that a piece of work took, and its result."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


def loop(scoremap: np.ndarray, truth: np.ndarray, thresholds: int) -> np.ndarray:
    """(2, T): the best IoU of the boxes of all contours, and the largest contour's, one threshold after the other."""
    image = (scoremap * 255).astype(np.uint8)
    levels = (int(tau * image.max()) for tau in np.arange(0, 1, 1 / thresholds))
    return np.array(list(_loop(image, levels, truth))).T


def _loop(image: np.ndarray, levels: Iterator[int], truth: np.ndarray) -> Iterator[tuple[float, float]]:
    height, width = image.shape
    for level in levels:
        _, binary = cv2.threshold(image, level, 255, cv2.THRESH_BINARY)
        contours, _ = cv2.findContours(binary, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
        boxes = np.array([cv2.boundingRect(contour) for contour in contours] or [(0, 0, 0, 0)])
        boxes[:, 2:] = np.minimum(boxes[:, :2] + boxes[:, 2:], (width - 1, height - 1))
        fits = box_iou(boxes, truth).max(axis=1)
        largest = int(np.argmax([cv2.contourArea(contour) for contour in contours])) if contours else 0
        yield fits.max(), fits[largest]


if __name__ == "__main__":
    main()
