"""Unpacks archives that a stranger made: regular files and folders inside one folder, and nothing else."""

from __future__ import annotations

import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any
from uuid import uuid4

from provbench.registry.base import UserError, leads_out, make_folder, write_errors

from .http import Progress

MEMBERS = 2_000_000
"""Most files of an archive."""
EXPANSION = 200
"""Most bytes unpacked from one byte of the archive; photographs hardly shrink, text shrinks 10 times."""
SMALL = 2**30
"""Bytes up to which any expansion is allowed."""


@dataclass(frozen=True)
class Limits:
    members: int = MEMBERS
    expansion: int = EXPANSION
    small: int = SMALL


def unpack(archive: Path, folder: Path, progress: Progress, limits: Limits | None = None, last: str = "") -> None:
    """Unpacks a tar (also compressed) or zip archive in `folder`, which appears at once, whole, if it was not there.

    In a folder that is there, what stands at the archive's top level appears entry by entry, and `last` after the rest.

    Raises `UserError` that names archive and member, and leaves nothing behind, for a member that lies outside, is a
    link or a device, or has the name of another one; for an archive that is damaged, too large, or of another kind; and
    where something of that name is in the folder already.
    """
    make_folder(folder.parent)
    temporary = folder.parent / f".unpacking-{uuid4().hex[:12]}"
    try:
        with write_errors(folder):
            temporary.mkdir()
            _write(archive, temporary, progress, limits or Limits())
            if folder.exists():
                _move(temporary, folder, archive, last)
            else:
                temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@dataclass(frozen=True)
class _Member:
    name: str
    size: int
    kind: str
    """`file`, `folder`, or what else it is."""
    handle: Any


def _write(archive: Path, folder: Path, progress: Progress, limits: Limits) -> None:
    whole, room = archive.stat().st_size, max(limits.small, limits.expansion * archive.stat().st_size)
    seen: set[str] = set()
    written = 0
    try:
        with _opened(archive) as (members, read, position):
            for member in members:
                target = _target(archive, member, folder, seen)
                if len(seen) > limits.members:
                    raise UserError(f"{archive}: has more than {limits.members:,} members")
                if member.kind == "folder":
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                written += member.size
                if written > room:
                    raise UserError(f"{archive}: unpacks to more than {room:,} bytes")
                with read(member) as source, target.open("xb") as file:
                    shutil.copyfileobj(source, file, 2**20)
                if target.stat().st_size != member.size:
                    raise UserError(f"{archive}: {member.name}: is cut short or larger than its entry says")
                progress(min(position(), whole), whole)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError) as error:
        raise UserError(f"{archive}: is damaged: {error}; remove it, and fetch it again") from None


def _target(archive: Path, member: _Member, folder: Path, seen: set[str]) -> Path:
    path = PurePosixPath(member.name)
    if leads_out(member.name) or "\0" in member.name or "\\" in member.name:
        raise UserError(f"{archive}: {member.name!r} lies outside of the archive's folder")
    if member.kind not in ("file", "folder"):
        raise UserError(f"{archive}: {member.name!r} is a {member.kind}, and only files and folders are unpacked")
    name = str(path)
    if member.kind == "file" and name in seen:
        raise UserError(f"{archive}: {member.name!r} is there twice")
    seen.add(name)
    return folder / path


@contextmanager
def _opened(archive: Path) -> Iterator[tuple[Iterator[_Member], Any, Any]]:
    """Yields the members, a function that opens one, and one that tells how far into the archive that is."""
    if tarfile.is_tarfile(archive):
        with archive.open("rb") as raw, tarfile.open(fileobj=raw) as tar:
            yield (_of_tar(one) for one in tar), (lambda member: _file_of(tar, member)), raw.tell
    elif zipfile.is_zipfile(archive):
        with archive.open("rb") as raw, zipfile.ZipFile(raw) as packed:
            yield (_of_zip(one) for one in packed.infolist()), (lambda member: packed.open(member.handle)), raw.tell
    else:
        raise UserError(f"{archive}: is neither a tar nor a zip archive; remove it, and fetch it again")


def _file_of(tar: tarfile.TarFile, member: _Member) -> IO[bytes]:
    source = tar.extractfile(member.handle)
    if source is None:
        raise tarfile.TarError(f"{member.name} has no content")
    return source


def _of_tar(one: tarfile.TarInfo) -> _Member:
    kind = "file" if one.isreg() else "folder" if one.isdir() else "link" if one.issym() or one.islnk() else "device"
    return _Member(one.name, one.size, kind, one)


def _of_zip(one: zipfile.ZipInfo) -> _Member:
    mode = one.external_attr >> 16
    odd = bool(mode) and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR)
    kind = "folder" if one.is_dir() else "link" if stat.S_ISLNK(mode) else "device" if odd else "file"
    return _Member(one.filename, one.file_size, kind, one)


def _move(temporary: Path, folder: Path, archive: Path, last: str) -> None:
    entries = sorted(temporary.iterdir(), key=lambda entry: (entry.name == last, entry.name))
    for entry in entries:
        if (folder / entry.name).exists() and not _mergeable(entry, folder / entry.name):
            raise UserError(
                f"{archive}: {folder / entry.name} is there already, and incomplete: move it away, and try again"
            )
    for entry in entries:
        _merge(entry, folder / entry.name)


def _mergeable(new: Path, old: Path) -> bool:
    """Returns whether nothing of the two folders has the same name, but for folders of which this holds, too."""
    if new.is_dir() and old.is_dir():
        return all(not (old / one.name).exists() or _mergeable(one, old / one.name) for one in new.iterdir())
    return False


def _merge(new: Path, old: Path) -> None:
    if old.is_dir():
        for one in sorted(new.iterdir()):
            _merge(one, old / one.name)
    else:
        new.rename(old)
