"""Draws the splits that a data set does not have, and keeps them in a file beside it."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from provbench.registry.base import UserError, atomic_path, csv_rows, derived_folder, derived_folders, file_digests

from ..common import SPLITS, Split
from .items import ALIASES, SHOWN, Item

HEADER = ["file", "split", "sha256"]
AGAIN = "restore it, or delete it to have the splits drawn again, which makes other runs"


@dataclass(frozen=True)
class Draw:
    """The parameters of a draw: the shares of val and test of the images that they are drawn from, and a seed."""

    val: float
    test: float
    seed: int

    @property
    def file_name(self) -> str:
        return f"provbench-split-val{self.val:g}-test{self.test:g}-seed{self.seed}.csv"


@dataclass(frozen=True)
class Drawn:
    """Splits of some images by file, with the SHA-256 of each as it was when they were drawn."""

    splits: Mapping[str, Split]
    digests: Mapping[str, str]
    path: Path | None
    """The file that they were read from; None for splits that are yet to be written."""


def lacking(items: Iterable[Item]) -> list[Split]:
    """Returns the splits that no image is given to."""
    given = {item.split for item in items}
    return [split for split in SPLITS if split not in given]


def drawn_splits(root: Path, items: Sequence[Item], draw: Draw) -> Drawn:
    """Returns the splits of the images that no other split is given: as the file beside the data set has them, or new.

    Images without a split are drawn into all three; where train is given, and val or test is not, these are drawn from
    train. Of each class, each share is taken, rounded and at least one image, evenly over the groups. Images of one
    content stay together. An image's rank follows from the seed and its content, not from the others. Raises
    `UserError` for a class with too few images, and for a file of other images than these.
    """
    free = [item for item in items if item.split in (None, "train")]
    for folder in derived_folders(root):
        path = folder / draw.file_name
        if path.is_file():
            return _read(path, free)
    digests = {
        path.relative_to(root).as_posix(): known
        for path, known in file_digests(root, [root / item.file for item in free]).items()
    }
    return Drawn(_draw(free, digests, draw, lacking(items)), digests, None)


def write_drawn(root: Path, drawn: Drawn, draw: Draw) -> Path:
    """Writes splits that are not yet written into the data set's folder, or the folder for derived data where that is
    read-only. Returns the file."""
    if drawn.path is not None:
        return drawn.path
    path, text = derived_folder(root) / draw.file_name, io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(HEADER)
    table.writerows((file, split, drawn.digests[file]) for file, split in sorted(drawn.splits.items()))
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")
    return path


def with_splits(items: Iterable[Item], splits: Mapping[str, Split]) -> list[Item]:
    return [replace(item, split=splits.get(item.file, item.split)) for item in items]


def _draw(items: Sequence[Item], digests: Mapping[str, str], draw: Draw, wanted: Sequence[Split]) -> dict[str, Split]:
    classes: dict[str, dict[str, list[Item]]] = defaultdict(dict)
    home: dict[str, str] = {}
    for item in items:
        digest = digests[item.file]
        classes[home.setdefault(digest, item.label)].setdefault(digest, []).append(item)
    parts: list[Split] = [split for split in SPLITS[1:] if split in wanted]
    few = [_too_few(label, contents, parts) for label, contents in classes.items() if len(contents) <= len(parts)]
    if few:
        raise UserError("\n".join(few[:SHOWN]))
    splits: dict[str, Split] = {}
    for contents in classes.values():
        taken = _taken({digest: same[0].group for digest, same in contents.items()}, parts, draw)
        splits |= {item.file: taken.get(digest, "train") for digest, same in contents.items() for item in same}
    return splits


def _taken(groups: Mapping[str, str], parts: Sequence[Split], draw: Draw) -> dict[str, Split]:
    """Returns the contents of one class that do not stay in train. groups: by content."""
    rest = sorted(groups, key=lambda digest: (groups[digest], _rank(digest, draw.seed)))
    taken: dict[str, Split] = {}
    for left, split in enumerate(parts):
        most = len(rest) - (len(parts) - left)
        count = min(max(1, round(getattr(draw, split) * len(groups))), most)
        taken |= {rest[int((place + 0.5) * len(rest) / count)]: split for place in range(count)}
        rest = [digest for digest in rest if digest not in taken]
    return taken


def _too_few(label: str, contents: Mapping[str, Sequence[Item]], parts: Sequence[Split]) -> str:
    where = next(iter(contents.values()))[0].where
    return (
        f"{where}: class {label!r} has only {len(contents)} different images, and one each is needed for "
        f"{', '.join(['train', *parts])}: add images, or give the splits yourself"
    )


def _rank(digest: str, seed: int) -> str:
    return hashlib.sha256(f"{seed} {digest}".encode()).hexdigest()


def _read(path: Path, items: Sequence[Item]) -> Drawn:
    splits: dict[str, Split] = {}
    digests: dict[str, str] = {}
    for number, row in csv_rows(path):
        if number == 1 and row == HEADER:
            continue
        with suppress(ValueError, KeyError):
            file, split, digest = row
            splits[file], digests[file] = ALIASES[split], digest
            continue
        raise UserError(f"{path}:{number}: expected a row {','.join(HEADER)} (got {','.join(row)!r}): {AGAIN}")
    files = {item.file for item in items}
    for names, what in ((files - set(splits), "has no split of"), (set(splits) - files, "has a split of")):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            there = "" if "no split" in what else ", which is not there"
            raise UserError(f"{path}: {what} {min(names)}{more}{there}: {AGAIN}")
    return Drawn(splits, digests, path)
