"""A data set of a user's own, read: its images by split, its classes and groups, and the checks that both need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from provbench.registry import Progress
from provbench.registry.base import UserError, content_digest, file_digests, image_size, read_image, read_mask

from ..common import SPLITS, ImageRecord, Split
from .csv_file import read_csv
from .folders import read_folders
from .items import Item, Listing, in_order, require
from .splitting import Draw, Drawn, drawn_splits, lacking, with_splits


@dataclass(frozen=True)
class Content:
    """Every image with its split.

    classes, groups: names in the order of their numbers; groups are () where there are none. drawn: the splits that
    were drawn; None where all are given.
    """

    items: Sequence[Item]
    classes: Sequence[str]
    groups: Sequence[str]
    drawn: Drawn | None = None
    notes: Sequence[str] = ()

    def records(self, root: Path, split: Split) -> list[ImageRecord]:
        return [self._record(root, item) for item in self.items if item.split == split]

    def _record(self, root: Path, item: Item) -> ImageRecord:
        return ImageRecord(
            id=item.file,
            path=root / item.file,
            label=self.classes.index(item.label),
            segmentation=root / item.mask if item.mask else None,
            group=self.groups.index(item.group) if self.groups else None,
            boxes=item.boxes,
            caption=item.caption,
        )


def read_content(root: Path, csv: str | None, draw: Draw) -> Content:
    """Reads what lies in `root`, without decoding an image.

    csv: the name of the file that lists the images; None for a folder for each class. Raises `MissingDataError` where
    it is not there, and `UserError` that lists all that cannot be right.
    """
    listing = read_listing(root, csv)
    where = root if csv is None else root / csv
    require(listing.problems, where)
    items, drawn = listing.items, None
    if len({item.label for item in items}) < 2:
        raise UserError(f"{where}: all images are of the class {items[0].label!r}: two classes are needed")
    if lacking(items):
        drawn = drawn_splits(root, items, draw)
        items = with_splits(items, drawn.splits)
    require(label_problems(items), where)
    groups = in_order(item.group for item in items if item.group)
    return Content(items, in_order(item.label for item in items), groups, drawn, listing.notes)


def read_listing(root: Path, csv: str | None) -> Listing:
    """Returns the images as they are listed, and complaints about the others. Raises as `read_csv`, `read_folders`."""
    return read_folders(root) if csv is None else read_csv(root, root / csv)


def label_problems(items: Iterable[Item]) -> Iterator[str]:
    """Yields a complaint for each class that cannot be both trained and tested."""
    of_class: dict[str, dict[Split | None, list[Item]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        of_class[item.label][item.split].append(item)
    for label, splits in of_class.items():
        named = " and ".join(f"{len(splits[split])} in {split}" for split in SPLITS if split in splits)
        first = next(iter(splits.values()))[0].where
        if "train" not in splits:
            yield f"{first}: class {label!r} has no training image ({named}): add some, or remove the class"
        elif len(splits) == 1:
            yield f"{first}: class {label!r} is in one split only ({named}): give it images in val and test, too"


def size_problems(root: Path, items: Iterable[Item]) -> Iterator[str]:
    """Yields what is wrong with images, boxes and masks, as far as the files' headers show."""
    for item in items:
        try:
            width, height = image_size(root / item.file)
            mask = image_size(root / item.mask) if item.mask else (width, height)
        except UserError as error:
            yield str(error) if item.where in str(error) else f"{item.where}: {error}"
            continue
        for x0, y0, x1, y1 in item.boxes:
            if x1 >= width or y1 >= height:
                yield (
                    f"{item.where}: box {x0} {y0} {x1} {y1} reaches out of {item.file}, which has {width}x{height} "
                    "pixels: both corners are inclusive and counted from 0"
                )
        if mask != (width, height):
            yield (
                f"{item.where}: mask {item.mask} has {mask[0]}x{mask[1]} pixels, and {item.file} {width}x{height}: a "
                "mask must be of its image's size"
            )


def label_conflicts(root: Path, items: Sequence[Item]) -> Iterator[str]:
    """Yields a complaint for each image that is there again under another label."""
    digests = file_digests(root, [root / item.file for item in items])
    first: dict[str, Item] = {}
    for item in items:
        known = first.setdefault(digests[root / item.file], item)
        if known.label != item.label:
            yield (
                f"{item.where}: {item.file} is the same image as {known.file}, and has the label {item.label!r} "
                f"instead of {known.label!r}: remove one of them"
            )


def decoding_problems(root: Path, items: Sequence[Item], progress: Progress) -> Iterator[str]:
    """Yields each image and mask that cannot be decoded, and each mask that is empty."""
    for done, item in enumerate(items, start=1):
        try:
            read_image(root / item.file)
            if item.mask and not read_mask(root / item.mask).any():
                yield f"{item.where}: mask {item.mask} is empty: it must be white on the target"
        except UserError as error:
            yield str(error) if item.where in str(error) else f"{item.where}: {error}"
        progress(done, len(items))


def changed(root: Path, digests: Mapping[str, str], path: Path | None) -> Iterator[str]:
    """Yields the images that are no longer those that the splits were drawn of."""
    for file, digest in digests.items():
        if content_digest(root / file) != digest:
            yield f"{root / file}: is another image than when {path} was drawn: restore it, or delete that file"
