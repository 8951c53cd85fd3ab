"""Draws of lines of a bank, for all prompt policies."""

from __future__ import annotations

from collections.abc import Sequence

from ...base import UserError
from ..seams import Bank, Wording


def members(bank: Bank, label: int) -> list[int]:
    """Returns the samples of a class. Raises `UserError` where it has none."""
    found = [index for index, other in enumerate(bank.labels) if other == label]
    if not found:
        raise UserError(f"class {label} has no training image whose description could be used")
    return found


def of_line(bank: Bank, index: int) -> Wording:
    """Returns the texts of all aspects of one sample."""
    return of_lines(bank, dict.fromkeys(bank.aspects, index))


def of_lines(bank: Bank, origins: dict[str, int]) -> Wording:
    """Returns the text of each aspect of a sample of its own. Raises `UserError` for an aspect that it lacks."""
    texts = {}
    for aspect, index in origins.items():
        if aspect not in bank.captions[index]:
            known = ", ".join(sorted(bank.captions[index])) or "none"
            raise UserError(f"template: {{{aspect}}} is no aspect of the captions (known: class, {known})")
        texts[aspect] = bank.captions[index][aspect]
    return Wording(texts, origins)


def draw(lines: Sequence[int], *parts: object) -> int:
    """Returns one of the lines, drawn uniformly by a seed made of the parts."""
    import numpy as np

    from ..digests import seed

    return lines[int(np.random.default_rng(seed("prompt", *parts)).integers(len(lines)))]
