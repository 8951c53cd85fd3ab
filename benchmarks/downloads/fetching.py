"""One file from the first of its mirrors that has it, with the right digest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from provbench.registry.base import UserError, make_folder

from .facts import DataFile
from .http import MirrorError, Part, Progress, download
from .pins import pin, pinned

Say = Callable[[str], None]


def fetched(file: DataFile, folder: Path) -> Path | None:
    """Returns the file in the folder of downloads if it is whole there, with the right digest; None otherwise."""
    path = folder / file.name
    if not path.is_file() or (file.size is not None and path.stat().st_size != file.size):
        return None
    known = _known(file, folder)
    return path if known is not None and has_digest(path, known) else None


def fetch(file: DataFile, folder: Path, progress: Progress, say: Say) -> Path:
    """Returns the file in the folder of downloads, fetched unless it is there.

    Raises `UserError` that names every mirror with its reason where none has the file.
    """
    if (there := fetched(file, folder)) is not None:
        return there
    target, reasons = folder / file.name, []
    make_folder(target.parent)
    known = _known(file, folder)
    for url in file.urls:
        part = Part(target.with_name(target.name + ".part"))
        try:
            download(url, part, file.size, progress)
        except MirrorError as error:
            reasons.append(f"{url}: {error}")
            continue
        if known is not None and not has_digest(part.path, known):
            reasons.append(f"{url}: its {known.partition(':')[0]} is not {known.partition(':')[2]}")
            part.forget()
            continue
        if known is None:
            sha256 = digest_of(part.path, "sha256")
            pin(folder, file.name, sha256)
            say(f"{file.name}: nobody published its digest; pinned as SHA-256 {sha256} in {folder}")
        part.path.replace(target)
        part.forget()
        return target
    raise UserError(f"{file.name}: could not be fetched:\n" + "\n".join(f"  {reason}" for reason in reasons))


def has_digest(path: Path, known: str) -> bool:
    """known: `sha256:…` or `md5:…`."""
    algorithm, _, digest = known.partition(":")
    return digest_of(path, algorithm) == digest


def digest_of(path: Path, algorithm: str) -> str:
    import pooch

    return pooch.file_hash(str(path), alg=algorithm)


def _known(file: DataFile, folder: Path) -> str | None:
    own = pinned(folder).get(file.name)
    return file.digest or (f"sha256:{own}" if own else None)
