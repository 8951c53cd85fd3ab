"""Finds images that two sets have in common, and the pairs that look most alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from provbench.registry import Progress
from provbench.registry.base import UserError, content_digest, open_image, to_rgb

SIDE = 16
"""Pixels a side to which images are reduced before they are compared."""
NEAR = 0.95
"""Correlation from which two images are told as near. Tried on 136 photographs (60 scenes, 76 animals): a photograph
reached it with its own copy in JPEG quality 20, of half its size, of 0.6 times the contrast, or mirrored, in 99 to
100 % of the cases; of 1.3 times the brightness, where parts are saturated, in 95 %, turned by 2 degrees in 67 %,
without 5 % of its sides in 86 %, without 10 % in 13 %, and as a gray one in 67 %. With any of the other photographs
none did (the most was 0.83)."""
BLOCK = 2048
"""Images of one set that are compared with all of another at once."""


@dataclass(frozen=True)
class Pair:
    """Two sets of images compared.

    sets: their names. identical: pairs of files of the same contents. nearest: the two files that look most alike,
    None where a set has none that can be read. correlation: theirs, in [-1, 1]. near: number of images of the first set
    that correlate with one of the second by `NEAR` or more.
    """

    sets: tuple[str, str]
    identical: Sequence[tuple[Path, Path]]
    nearest: tuple[Path, Path] | None
    correlation: float
    near: int


def compare_sets(sets: Mapping[str, Sequence[Path]], tested: Sequence[str], progress: Progress) -> list[Pair]:
    """Returns each two sets compared of which at least one is tested on.

    sets: image files by the set's name. Two images are alike by the correlation of their pixels after both are reduced
    to 16 x 16 of each colour and freed of each colour's mean; the greater of two, with one image mirrored or not. That
    is a hint to be looked at, and no proof: `NEAR` says what it finds and what it does not, and images that show little
    (a plain ground) are all alike. Identical contents are found by their SHA-256. Files that cannot be read are left
    out.
    """
    total, done = sum(map(len, sets.values())), 0
    seen: dict[str, tuple[list[Path], np.ndarray]] = {}
    digests: dict[str, dict[str, Path]] = {}
    for name, paths in sets.items():
        found = []
        digests[name] = {}
        for path in paths:
            described = describe(path)
            if described is not None:
                found.append((path, described))
                digests[name].setdefault(content_digest(path), path)
            done += 1
            progress(done, total)
        vectors = np.stack([vector for _, vector in found]) if found else np.zeros((0, 3, SIDE, SIDE), np.float32)
        seen[name] = [path for path, _ in found], vectors
    return [
        _pair((one, other), digests, seen) for one, other in combinations(sets, 2) if one in tested or other in tested
    ]


def describe(path: Path) -> np.ndarray | None:
    """Returns (3, 16, 16) float32 of length 1, or of zeros for a plain image; None where the file cannot be read."""
    from PIL import Image

    try:
        with open_image(path, decode=False) as image:
            image.draft("RGB", (4 * SIDE, 4 * SIDE))
            small = to_rgb(image).resize((SIDE, SIDE), Image.Resampling.BOX)
            pixels = np.asarray(small, dtype=np.float32).transpose(2, 0, 1)
    except UserError:
        return None
    pixels = pixels - pixels.mean(axis=(1, 2), keepdims=True)
    return pixels / max(float(np.linalg.norm(pixels)), 1.0)


def _pair(
    names: tuple[str, str],
    digests: Mapping[str, Mapping[str, Path]],
    seen: Mapping[str, tuple[list[Path], np.ndarray]],
) -> Pair:
    one, other = (digests[name] for name in names)
    identical = [(path, other[digest]) for digest, path in one.items() if digest in other]
    (paths, vectors), (others, theirs) = (seen[name] for name in names)
    best, place, near = -1.0, None, 0
    for start, correlations in _blocks(vectors, theirs):
        highest = correlations.max(axis=1)
        near += int((highest >= NEAR).sum())
        row = int(highest.argmax())
        if highest[row] > best:
            best, place = float(highest[row]), (paths[start + row], others[int(correlations[row].argmax())])
    return Pair(names, identical, place, min(best, 1.0), near)


def _blocks(vectors: np.ndarray, others: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yields the first row's number and the correlations (n, m) of some rows with all others."""
    if not len(others):
        return
    theirs = others.reshape(len(others), -1).T
    for start in range(0, len(vectors), BLOCK):
        block = vectors[start : start + BLOCK]
        plain, mirrored = (part.reshape(len(block), -1) @ theirs for part in (block, block[..., ::-1]))
        yield start, np.maximum(plain, mirrored)
