"""Reports of `provbench data verify` on samples, such as videos, that training, validation and test have in common."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Any

from provbench.registry.base import UserError

from .disjoint import NAMED, TESTED

if TYPE_CHECKING:
    from provbench.registry import Contents, Progress, Task


def contents_of(task: Task, progress: Progress) -> Contents | None:
    """Returns the contents of samples that are no images; None where these are images, or the data cannot be read."""
    try:
        return task.contents(progress)
    except UserError:
        return None


def content_problems(contents: Contents | None) -> list[str]:
    """Returns one line for each sample that is in two splits under two names, the first of many."""
    lines: list[str] = []
    for one, other in _tested_pairs(contents):
        assert contents is not None
        doubles = contents.identical(one, other)
        lines += [
            f"{mine}: is the same {contents.word} as {theirs}, and so in {one} and {other}: remove one of them"
            for mine, theirs in doubles[:NAMED]
        ]
        if len(doubles) > NAMED:
            lines.append(f"{one} and {other}: have {_count(len(doubles) - NAMED, f'more {contents.word}')} in common")
    return lines


def content_lines(contents: Contents | None) -> Iterator[str]:
    """Yields how much every two splits have in common."""
    for one, other in _tested_pairs(contents):
        assert contents is not None
        common = _count(len(contents.identical(one, other)), contents.word)
        yield f"{one} and {other}: {common} and {_count(len(contents.shared_sources(one, other)), 'source')} in common"


def source_warnings(contents: Contents | None) -> list[str]:
    """Returns a line for every two splits that have samples of one source, such as clips of one recording."""
    lines: list[str] = []
    for one, other in _tested_pairs(contents):
        assert contents is not None
        if shared := contents.shared_sources(one, other):
            named = ", ".join(shared[:NAMED]) + (", …" if len(shared) > NAMED else "")
            sources = _count(len(shared), "common source")
            why = "which share people and place, and can make scores too good"
            lines.append(f"warning: {one} and {other} have {contents.word}s of {sources}, {why}: {named}")
    return lines


def contents_json(contents: Contents | None) -> list[dict[str, Any]]:
    return [
        {
            "sets": [one, other],
            "identical": [] if contents is None else [list(pair) for pair in contents.identical(one, other)],
            "sources": [] if contents is None else contents.shared_sources(one, other),
        }
        for one, other in _tested_pairs(contents)
    ]


def _tested_pairs(contents: Contents | None) -> list[tuple[str, str]]:
    pairs = [] if contents is None else combinations(contents.digests, 2)
    return [(one, other) for one, other in pairs if one in TESTED or other in TESTED]


def _count(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'s' if number > 1 else ''}"
