"""Reports of `provbench data verify` on images that training, validation and test have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provbench.registry.base import UserError

if TYPE_CHECKING:
    from provbench.benchmarks.common import Pair
    from provbench.registry import Progress, Task

TESTED = ("val", "test")
"""Names of the splits that no training image may be in."""
NAMED = 10
"""Identical images that are named, of each two sets."""


def compared(task: Task, data_root: Path | None, progress: Progress) -> list[Pair]:
    """Returns the splits of a task compared with each other, and its synthetic sets with val and test.

    data_root: where the synthetic sets are; None leaves them out. [] where samples are no image files, or the data
    cannot be read, which `Task.verify` complains of.
    """
    from provbench.benchmarks.common import compare_sets

    try:
        sets = {name: list(files) for name, files in task.image_files().items()}
    except UserError:
        return []
    if not sets:
        return []
    for folder in _synthetic_sets(task, data_root):
        sets[f"synthetic set {folder.name}"] = _images_of(folder)
    return compare_sets(sets, TESTED, progress)


def overlap_problems(pairs: Sequence[Pair]) -> list[str]:
    """Returns one line for each image that two sets have in common, the first of many."""
    return [line for pair in pairs for line in _identical(pair)]


def nearest_lines(pairs: Sequence[Pair]) -> Iterator[str]:
    """Yields what is known of each two sets: that they have nothing in common, and which images are most alike."""
    from provbench.benchmarks.common import NEAR

    for pair in pairs:
        common = len(pair.identical)
        named = f"{pair.sets[0]} and {pair.sets[1]}: {common or 'no'} image{'s' if common > 1 else ''} in common"
        if pair.nearest is None:
            yield f"{named}; nothing to compare"
            continue
        one, other = pair.nearest
        alike = f"{pair.near} of {pair.sets[0]} correlate by {NEAR} or more" if pair.near else f"none by {NEAR} or more"
        yield f"{named}; {alike}; most alike, by {pair.correlation:.3f}: {one} and {other}"


def as_json(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    return [
        {
            "sets": list(pair.sets),
            "identical": [[str(one), str(other)] for one, other in pair.identical],
            "near": pair.near,
            "correlation": pair.correlation if pair.nearest else None,
            "nearest": [str(path) for path in pair.nearest or ()],
        }
        for pair in pairs
    ]


def _identical(pair: Pair) -> Iterator[str]:
    for one, other in pair.identical[:NAMED]:
        yield f"{one}: is the same image as {other}, and so in {pair.sets[0]} and {pair.sets[1]}: remove one of them"
    if len(pair.identical) > NAMED:
        yield f"{pair.sets[0]} and {pair.sets[1]}: have {len(pair.identical) - NAMED} more images in common"


def _synthetic_sets(task: Task, data_root: Path | None) -> list[Path]:
    from provbench.suites.planning import synthetic_sets

    return [] if data_root is None else synthetic_sets(task.name, data_root)


def _images_of(folder: Path) -> list[Path]:
    """Returns the images of a synthetic set; [] of one whose manifest is damaged, which is a complaint of its own."""
    from provbench.registry.synthesizers import read_manifest

    try:
        return [folder / row.file for row in read_manifest(folder).rows]
    except UserError:
        return []
