"""Reports of `provbench data verify` on samples, such as videos, that training, validation and test have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from provbench.registry.base import UserError

from .disjoint import NAMED, TESTED

if TYPE_CHECKING:
    from provbench.registry import Progress, Task


@dataclass(frozen=True)
class Common:
    """Samples and sources that two splits have in common. word: for one sample. identical: a sample of each split."""

    splits: tuple[str, str]
    word: str
    identical: Sequence[tuple[str, str]]
    sources: Sequence[str]


def contents_compared(task: Task, progress: Progress) -> list[Common]:
    """Returns the splits of a task compared with val and test; [] where samples are images, or cannot be read."""
    try:
        contents = task.contents(progress)
    except UserError:
        return []
    if contents is None:
        return []
    return [
        Common((one, other), contents.word, contents.identical(one, other), contents.shared_sources(one, other))
        for one, other in combinations(contents.digests, 2)
        if one in TESTED or other in TESTED
    ]


def content_problems(pairs: Sequence[Common]) -> list[str]:
    """Returns one line for each sample that is in two splits under two names, the first of many."""
    lines: list[str] = []
    for pair in pairs:
        one, other = pair.splits
        lines += [
            f"{mine}: is the same {pair.word} as {theirs}, and so in {one} and {other}: remove one of them"
            for mine, theirs in pair.identical[:NAMED]
        ]
        if (more := len(pair.identical) - NAMED) > 0:
            lines.append(f"{one} and {other}: have {_count(more, f'more {pair.word}')} in common")
    return lines


def content_lines(pairs: Sequence[Common]) -> Iterator[str]:
    """Yields how much every two splits have in common."""
    for pair in pairs:
        common = f"{_count(len(pair.identical), pair.word)} and {_count(len(pair.sources), 'source')}"
        yield f"{' and '.join(pair.splits)}: {common} in common"


def source_warnings(pairs: Sequence[Common]) -> list[str]:
    """Returns a line for every two splits that have samples of one source, such as clips of one recording."""
    lines: list[str] = []
    for pair in pairs:
        if pair.sources:
            named = ", ".join(pair.sources[:NAMED]) + (", …" if len(pair.sources) > NAMED else "")
            sources = _count(len(pair.sources), "common source")
            why = "which share people and place, and can make scores too good"
            lines.append(f"warning: {' and '.join(pair.splits)} have {pair.word}s of {sources}, {why}: {named}")
    return lines


def contents_json(pairs: Sequence[Common]) -> list[dict[str, Any]]:
    return [
        {
            "sets": list(pair.splits),
            "identical": [list(samples) for samples in pair.identical],
            "sources": list(pair.sources),
        }
        for pair in pairs
    ]


def _count(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'s' if number > 1 else ''}"
