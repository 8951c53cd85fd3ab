"""Looks at a folder of a user's own images and says what it holds, faults included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from provbench.registry import Progress
from provbench.registry.base import MissingDataError, UserError, csv_rows, image_size

from ..common import SPLITS
from .content import Content, decoding_problems, label_conflicts, read_content, read_listing, size_problems
from .csv_file import REQUIRED
from .items import in_order
from .splitting import Draw, lacking

DRAW = Draw(0.15, 0.2, 0)
"""The task's own defaults."""


@dataclass(frozen=True)
class Survey:
    """Contents of a folder: numbers of images by class, split and group, of those with boxes, masks and captions.

    root, csv: as the task's parameters want them. drawn: names of the splits that are not given, and are drawn. small,
    middle, large: size (width, height) of the image with the fewest, middle and most pixels. training_masks: True where
    every training image has a mask; localises: where every image of val and test has a box or a mask. problems:
    faults to be mended before anything is trained. notes: remarks on
    what was passed over, and on images that are there twice.
    """

    root: Path
    csv: str | None
    classes: Mapping[str, int] = field(default_factory=dict)
    splits: Mapping[str, int] = field(default_factory=dict)
    groups: Mapping[str, int] = field(default_factory=dict)
    drawn: Sequence[str] = ()
    boxes: int = 0
    masks: int = 0
    captions: int = 0
    small: tuple[int, int] = (0, 0)
    middle: tuple[int, int] = (0, 0)
    large: tuple[int, int] = (0, 0)
    training_masks: bool = False
    localises: bool = False
    problems: Sequence[str] = ()
    notes: Sequence[str] = ()

    @property
    def images(self) -> int:
        return sum(self.classes.values())


def look(place: Path, progress: Progress) -> Survey:
    """Reads all images of a folder, or those that a CSV file lists.

    Raises `MissingDataError` where there is no such place, and `UserError` where several files may be the list.
    """
    if not place.exists():
        raise MissingDataError(f"{place}: no such folder: name one with a folder for each class, or a CSV file")
    root, csv = (place.parent, place.name) if place.is_file() else (place, find_csv(place))
    try:
        content = read_content(root, csv, DRAW)
    except UserError as error:
        return _survey(root, csv, _listed(root, csv), str(error).split("\n"))
    problems = dict.fromkeys(size_problems(root, content.items))
    problems |= dict.fromkeys(decoding_problems(root, content.items, progress))
    return _survey(root, csv, content, list(problems))


def _listed(root: Path, csv: str | None) -> Content:
    """Returns what is known of images whose splits cannot be drawn, or of which some are wrong."""
    with suppress(UserError):
        listing = read_listing(root, csv)
        return Content(listing.items, (), (), notes=listing.notes)
    return Content((), (), ())


def find_csv(folder: Path) -> str | None:
    """Returns the name of the CSV file in a folder that lists images; None where classes are folders.

    Raises `UserError` where several may be it.
    """
    files = sorted(path for path in folder.glob("*.csv") if not path.name.startswith("provbench-split"))
    lists = [path for path in files if set(REQUIRED) <= set(_header(path))]
    if len(lists) > 1:
        names = ", ".join(path.name for path in lists)
        raise UserError(f"{folder}: {names} could all list the images: name the one, as in {lists[0]}")
    if lists:
        return lists[0].name
    has_folders = any(path.is_dir() and path.name[0] != "." for path in folder.iterdir())
    return files[0].name if len(files) == 1 and not has_folders else None


def _header(path: Path) -> list[str]:
    with suppress(UserError):
        return [name.strip() for name in next(csv_rows(path), (1, []))[1]]
    return []


def _survey(root: Path, csv: str | None, content: Content, problems: Sequence[str]) -> Survey:
    items = content.items
    sizes = sorted(_sizes(root / item.file for item in items), key=lambda size: size[0] * size[1]) or [(0, 0)]
    given = [item for item in items if content.drawn is None or item.file not in content.drawn.splits]
    tested = [item for item in items if item.split != "train"]
    return Survey(
        root,
        csv,
        classes=_counted(item.label for item in items),
        splits={split: sum(item.split == split for item in items) for split in SPLITS},
        groups=_counted(item.group for item in items if item.group),
        drawn=lacking(given) if content.drawn else (),
        boxes=sum(bool(item.boxes) for item in items),
        masks=sum(bool(item.mask) for item in items),
        captions=sum(bool(item.caption) for item in items),
        small=sizes[0],
        middle=sizes[len(sizes) // 2],
        large=sizes[-1],
        training_masks=all(item.mask for item in items if item.split == "train"),
        localises=all(item.boxes or item.mask for item in tested),
        problems=problems,
        notes=[*content.notes, *label_conflicts(root, items)],
    )


def _counted(names: Iterable[str]) -> dict[str, int]:
    counts = Counter(names)
    return {name: counts[name] for name in in_order(counts)}


def _sizes(paths: Iterable[Path]) -> Iterable[tuple[int, int]]:
    for path in paths:
        with suppress(UserError):
            yield image_size(path)
