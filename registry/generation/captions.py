"""Captions of images in files of tab-separated values.

`captions.tsv` has the header `image<TAB>background<TAB>pose`, or other aspects; a folder may have a file for each
aspect instead, such as `background.tsv` and `pose.tsv`, with the header `image<TAB>response`, as the code of "Beyond
Objects" (BOB) has them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from ..base import MissingDataError, UserError, atomic_file, nearest, numbered_lines

FILE = "captions.tsv"
KEY, RESPONSE = "image", "response"
TOLD = 3
"""Number of images that a message names."""

Captions = dict[str, dict[str, str]]
"""Image to aspect to description."""


def read_captions(path: Path) -> Captions:
    """Returns the captions of a file, or of the folder that has `captions.tsv` or a file for each aspect.

    Full stops at the end of descriptions are removed. Raises `MissingDataError` where nothing is there, and `UserError`
    naming file and line of a row that is empty, incomplete or twice there.
    """
    if not path.is_dir():
        return _table(path)
    if (path / FILE).is_file():
        return _table(path / FILE)
    files = sorted(path.glob("*.tsv"))
    if not files:
        raise MissingDataError(f"{path}: has neither {FILE} nor a file for each aspect, such as background.tsv")
    merged: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for file in files:
        for image, response in _table(file, only=RESPONSE).items():
            merged[image][file.stem] = response[RESPONSE]
    for image, found in merged.items():
        lacking = [file.name for file in files if file.stem not in found]
        if lacking:
            raise UserError(f"{path / lacking[0]}: has no description of {image}, as the files beside it have")
    return dict(merged)


def write_captions(path: Path, samples: Sequence[str], captions: Sequence[Mapping[str, str]]) -> None:
    """Writes one row for each sample. Raises `UserError` for descriptions that a row cannot hold."""
    aspects = list(captions[0]) if captions else []
    lines = ["\t".join([KEY, *aspects])]
    for sample, caption in zip(samples, captions, strict=True):
        row = [sample, *(caption[aspect] for aspect in aspects)]
        if any(character in text for text in row for character in "\t\n\r"):
            raise UserError(f"{path}: a caption must be one line without tabs (got {row!r})")
        lines.append("\t".join(row))
    with atomic_file(path) as file:
        file.write(("\n".join(lines) + "\n").encode())


def of_samples(known: Captions, samples: Sequence[str], where: Path) -> list[dict[str, str]]:
    """Returns the caption of each sample.

    A caption belongs to the sample whose id its image is, or ends with as a path, or to the only one whose id has the
    same file name. Raises `UserError` naming the samples without a caption.
    """
    found = {sample: known.get(sample) for sample in samples}
    missing = [sample for sample, caption in found.items() if caption is None]
    if missing:
        by_name = _by_endings(known)
        found |= {sample: _only(by_name.get(_parts(sample), ())) for sample in missing}
        names = defaultdict(list)
        for sample in samples:
            names[_parts(sample)[-1:]].append(sample)
        for sample in missing:
            if found[sample] is None and len(names[_parts(sample)[-1:]]) == 1:
                found[sample] = _only(by_name.get(_parts(sample)[-1:], ()))
    lacking = [sample for sample, caption in found.items() if caption is None]
    if lacking:
        raise UserError(
            f"{where}: has no caption of {len(lacking)} of {len(samples)} images ({', '.join(lacking[:TOLD])}"
            f"{', …' if len(lacking) > TOLD else ''}){nearest(lacking[0], known) if len(known) < 20 else ''}"
        )
    return [caption for sample in samples if (caption := found[sample]) is not None]


def _table(path: Path, only: str | None = None) -> Captions:
    """only: the one column that there must be, besides the image."""
    rows: Captions = {}
    aspects: list[str] = []
    for number, line in numbered_lines(path):
        where, fields = f"{path}:{number}", line.split("\t")
        if number == 1:
            aspects = _aspects(fields, where, only)
        elif line.strip():
            if len(fields) != len(aspects) + 1:
                raise UserError(f"{where}: {len(aspects) + 1} fields between tabs wanted (got {len(fields)})")
            image, *texts = (field.strip() for field in fields)
            if not image or image in rows:
                raise UserError(f"{where}: the image {image!r} is {'described twice' if image else 'not named'}")
            rows[image] = dict(zip(aspects, map(tidied, texts), strict=True))
            for aspect, text in rows[image].items():
                if not text:
                    raise UserError(f"{where}: {aspect}: the description of {image} is empty: write one")
    return rows


def tidied(text: str) -> str:
    """Returns a description without a full stop at its end, and nothing else changed, as the code of BOB does."""
    return text.strip().removesuffix(".").rstrip()


def _aspects(header: Iterable[str], where: str, only: str | None) -> list[str]:
    key, *aspects = (name.strip() for name in header)
    wanted = f"{KEY}, {only}" if only else f"{KEY} and at least one aspect, such as background"
    if key != KEY or not all(aspects) or not aspects or (only and aspects != [only]):
        raise UserError(f"{where}: the header must be {wanted}, with tabs between (got {[key, *aspects]})")
    if len(set(aspects)) != len(aspects):
        raise UserError(f"{where}: the header names an aspect twice (got {aspects})")
    return aspects


def _parts(name: str) -> tuple[str, ...]:
    return PurePosixPath(name).parts


def _by_endings(known: Captions) -> dict[tuple[str, ...], list[dict[str, str]]]:
    """Every ending of an image's path, in whole parts, to the captions of the images that have it."""
    found: defaultdict[tuple[str, ...], list[dict[str, str]]] = defaultdict(list)
    for image, caption in known.items():
        parts = _parts(image)
        for start in range(len(parts)):
            found[parts[start:]].append(caption)
    return found


def _only(captions: Sequence[dict[str, str]]) -> dict[str, str] | None:
    return captions[0] if len(captions) == 1 else None
