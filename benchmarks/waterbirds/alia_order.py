"""The order in which ALIA's code numbers the training images that its editor takes."""

from __future__ import annotations

from collections.abc import Iterable

SEED = 0
"""Seed of numpy's global generator in ALIA's editing script and its published configurations."""
STEP = 4
"""ALIA trains on every so many-th image."""


def alia_numbering(names: Iterable[str], seed: int = SEED) -> tuple[str, ...]:
    """ALIA's training images: an edit `{number}-{edit}.png` of its code is of the image of that number, from 0.

    names: of the two majority groups of the official training split, in the order of the metadata file. Each species is
    shuffled, the species follow each other in the order of their names, and every fourth image is taken: 1,139 of
    4,555. A species is shuffled by a permutation from numpy's legacy generator, whose stream is the same in every
    version. Source: the reference implementation lisadunlap/ALIA, `Waterbirds.get_subset` (pandas' `sample` of each
    group of `groupby`) and `get_dataset`; its editing script and its training seed with 0 before.
    """
    import numpy as np

    species: dict[str, list[str]] = {}
    for name in names:
        species.setdefault(name.partition("/")[0], []).append(name)
    generator = np.random.RandomState(seed)
    shuffled = [
        members[place] for _, members in sorted(species.items()) for place in generator.permutation(len(members))
    ]
    return tuple(shuffled[::STEP])
