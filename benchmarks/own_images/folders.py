"""Reader of folders whose subfolders are classes, with or without folders of splits above them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from provbench.registry.base import MissingDataError

from ..common import KEPT, SUFFIXES, Split
from .items import ALIASES, Item, Listing, in_order

IMAGES = SUFFIXES | {".bmp", ".gif", ".jp2", ".ppm", ".tif", ".tiff"}
"""Endings of the names of image files, in lower case."""
MASKS = "masks"
"""Folder beside the classes, or beside the splits, that repeats their folders with a mask `<image>.png` for images."""
NOT_CLASSES = (MASKS, KEPT, "generated")
"""Folders that hold no real images: masks, edits of them, and generated ones."""


def read_folders(root: Path) -> Listing:
    """Returns the images under `root/<class>`, or `root/<split>/<class>` where a folder `train` is there.

    Hidden folders and files, files of other kinds, and the folders `masks`, `edits` and `generated` are passed over.
    Raises `MissingDataError` where there is no such folder.
    """
    if not root.is_dir():
        raise MissingDataError(
            f"{root}: no such folder: put the images there, in a folder for each class, or name their folder (path); "
            "`provbench init DIR` writes a suite for images anywhere"
        )
    folders = _folders(root)
    splits: dict[Path, Split | None] = {
        folder: ALIASES[folder.name.casefold()] for folder in folders if folder.name.casefold() in ALIASES
    }
    classes: list[tuple[Split | None, Path]] = [(None, folder) for folder in folders]
    if "train" not in splits.values():
        return _listing(root, classes)
    classes = [(split, folder) for above, split in splits.items() for folder in _folders(above)]
    problems = [
        f"{folder}: stands beside the splits {', '.join(above.name for above in splits)}: move it out of {root}, "
        "or into one of them"
        for folder in folders
        if folder not in splits
    ]
    found = _listing(root, classes)
    return Listing(found.items, [*problems, *found.problems], found.notes)


def _folders(root: Path) -> list[Path]:
    inside = {path.name: path for path in root.iterdir() if path.is_dir() and path.name[0] != "."}
    return [inside[name] for name in in_order(inside) if name not in NOT_CLASSES]


def _listing(root: Path, folders: list[tuple[Split | None, Path]]) -> Listing:
    items: list[Item] = []
    problems: list[str] = []
    passed: dict[str, int] = {}
    for split, folder in folders:
        images = [path for path in _files(folder) if path.suffix.lower() in IMAGES]
        for path in _files(folder):
            if path.suffix.lower() not in IMAGES:
                passed[path.suffix.lower()] = passed.get(path.suffix.lower(), 0) + 1
        if not images:
            problems.append(f"{folder}: the class has no image: add some, or remove the folder")
        items += [_item(root, path, folder.name, split) for path in images]
    if not folders:
        problems.append(f"{root}: has no folders of classes: put the images of each class into a folder of its name")
    notes = [f"passed over, as they are no images: {_counts(passed)}"] if passed else []
    loose = [path for path in root.iterdir() if path.suffix.lower() in IMAGES and path.is_file()]
    if loose:
        notes.append(f"passed over, as they lie in no class's folder: {len(loose)} images such as {loose[0].name}")
    return Listing(items, problems, notes)


def _item(root: Path, path: Path, label: str, split: Split | None) -> Item:
    file = path.relative_to(root).as_posix()
    mask = (PurePosixPath(MASKS) / file).with_suffix(".png").as_posix()
    return Item(file, label, str(path), split, mask=mask if (root / mask).is_file() else "")


def _files(folder: Path) -> Iterator[Path]:
    """Yields the files in a folder and below it, in the order of their names, but for hidden ones."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part[0] == "." for part in path.relative_to(folder).parts):
            yield path


def _counts(passed: dict[str, int]) -> str:
    return ", ".join(f"{count} {suffix or 'without an ending'}" for suffix, count in sorted(passed.items()))
