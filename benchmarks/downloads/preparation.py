"""Brings the files of a data set to where its task reads them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from provbench.registry.base import MissingDataError, UserError, atomic_path, make_folder

from .facts import DataFile
from .fetching import Say, fetch, fetched
from .unpacking import unpack

FOLDER = "downloads"
"""Folder below the data root that keeps what was fetched: tasks share archives."""
UNPACKED = 1.3
"""Bytes that an archive of photographs takes on the disk for each of its own."""

Report = Callable[[str, int, int], None]
"""report(what is done, bytes so far, bytes in all, 0 where that is not known)."""


def in_place(file: DataFile, root: Path) -> bool:
    """Returns whether the file is where the task reads it. root: the data set's folder."""
    return (root / file.provides).exists()


def fetch_all(
    files: Sequence[DataFile], root: Path, data_root: Path, report: Report, say: Say, offline: bool = False
) -> list[DataFile]:
    """Fetches and unpacks what is not in its place; returns the optional files that must be fetched by hand.

    root: the data set's folder. data_root: its `downloads` folder keeps what was fetched. offline: nothing is fetched,
    and what is in that folder is used. Raises `MissingDataError` with the steps for required files that must be fetched
    by hand, and with the names of those that are not there offline; `UserError` where no mirror has a file, or the disk
    has too little room. What was finished before an error is kept, and the same call goes on.
    """
    folder, missing = data_root / FOLDER, [file for file in files if not in_place(file, root)]
    by_hand = [file for file in missing if file.by_hand and fetched(file, folder) is None]
    wanted = [file for file in missing if file not in by_hand]
    absent = [file for file in wanted if fetched(file, folder) is None]
    if offline and absent:
        names = ", ".join(file.name for file in absent)
        raise MissingDataError(f"{folder}: lacks {names}, and nothing is fetched with --offline")
    _check_room(wanted, absent, folder, root)
    for file in wanted:
        path = fetch(file, folder, lambda done, total, name=file.name: report(f"fetching {name}", done, total), say)
        _place(file, path, root, report)
    required = [file for file in by_hand if not file.optional]
    if required:
        raise MissingDataError("\n".join(_steps(file, root, folder) for file in required))
    return by_hand


def _place(file: DataFile, path: Path, root: Path, report: Report) -> None:
    if file.unpack:
        inner = PurePosixPath(file.provides).relative_to(file.into or ".")
        last = inner.parts[0] if inner.parts else ""
        unpack(path, root / file.into, lambda done, total: report(f"unpacking {file.name}", done, total), last=last)
        if not in_place(file, root):
            raise UserError(f"{path}: was unpacked in {root / file.into}, and has no {file.provides}")
    else:
        target = root / file.provides
        make_folder(target.parent)
        with atomic_path(target) as temporary:
            shutil.copyfile(path, temporary)


def _check_room(wanted: Sequence[DataFile], absent: Sequence[DataFile], folder: Path, root: Path) -> None:
    """Raises `UserError` where the disks have less room than the downloads and what is unpacked from them take."""
    need: dict[int, float] = {}
    places: dict[int, Path] = {}
    for where, sizes in (
        (folder, [(file.size or 0) - _begun(file, folder) for file in absent]),
        (root, [UNPACKED * (file.size or 0) for file in wanted]),
    ):
        there = next(one for one in (where, *where.absolute().parents) if one.exists())
        device = there.stat().st_dev
        need[device] = need.get(device, 0) + sum(sizes)
        places[device] = there
    for device, size in need.items():
        free = shutil.disk_usage(places[device]).free
        if size > free:
            raise UserError(f"{places[device]}: has {free / 1e9:.1f} GB free, and {size / 1e9:.1f} GB are needed")


def _begun(file: DataFile, folder: Path) -> int:
    part = folder / f"{file.name}.part"
    return part.stat().st_size if part.is_file() else 0


def _steps(file: DataFile, root: Path, folder: Path) -> str:
    return (
        f"{root / file.provides}: is missing, and {file.name} must be fetched by hand: {file.by_hand.strip()} Put it "
        f"to {folder / file.name}, or name it with --adopt, and call this again."
    )
