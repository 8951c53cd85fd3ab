"""Takes copies of data sets that are already on the disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from provbench.registry.base import UserError, link_or_copy, make_folder

from .facts import DataFile
from .fetching import Say, digest_of, has_digest
from .pins import pin
from .preparation import FOLDER, in_place


def adopt(files: Sequence[DataFile], root: Path, data_root: Path, path: Path, say: Say) -> None:
    """Takes an archive, or a folder with archives or with an unpacked data set, in the place of downloads.

    An archive must have the published size and digest, and is linked or copied to the folder of downloads. An unpacked
    folder is linked to from the data set's folder, and must stay where it is; `provbench data verify` reads all of it.
    Raises `UserError` where nothing of it is of this data set, or a digest differs.
    """
    if not path.exists():
        raise UserError(f"--adopt {path}: there is nothing")
    missing = [file for file in files if not in_place(file, root)]
    taken = 0
    for file in missing:
        taken += _take_archive(file, data_root, path, say) or _take_folder(file, root, path, say)
    if missing and not taken:
        wanted = ", ".join(dict.fromkeys(name for file in missing for name in (file.name, file.provides)))
        raise UserError(f"--adopt {path}: holds none of {wanted}")


def _take_archive(file: DataFile, data_root: Path, path: Path, say: Say) -> bool:
    name = PurePosixPath(file.name).name
    source = next((one for one in (path, path / file.name, path / name) if one.is_file() and one.name == name), None)
    if source is None:
        return False
    size = source.stat().st_size
    if file.size is not None and size != file.size:
        raise UserError(f"--adopt {source}: has {size:,} bytes, where {file.size:,} are expected")
    if file.digest is not None and not has_digest(source, file.digest):
        raise UserError(f"--adopt {source}: is another file: its digest is not {file.digest}")
    target = data_root / FOLDER / file.name
    make_folder(target.parent)
    if not target.exists():
        link_or_copy(source.resolve(), target)
    if file.digest is None:
        pin(data_root / FOLDER, file.name, digest_of(target, "sha256"))
    say(f"{file.name}: taken from {source}")
    return True


def _take_folder(file: DataFile, root: Path, path: Path, say: Say) -> bool:
    """Links the top folder of what the file provides, where `path` is or holds it."""
    if in_place(file, root):
        return True
    top, inner = PurePosixPath(file.provides).parts[0], PurePosixPath(*PurePosixPath(file.provides).parts[1:])
    source = next((one for one in (path / top, path) if one.name == top and (one / inner).exists()), None)
    if source is None:
        return False
    target = root / top
    if target.exists() or target.is_symlink():
        raise UserError(f"{target}: is there already, and has no {inner}: move it away, and try again")
    make_folder(root)
    target.symlink_to(source.resolve(), target_is_directory=source.is_dir())
    say(f"{target}: links to {source.resolve()}, which must stay there")
    return True
