"""The folder of decoded images: which file an image is in, and how much room all of them may take."""

from __future__ import annotations

import hashlib
import inspect
import os
import pickle
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provbench.registry.base import UserError, derived_folder, derived_folders, real_children

if TYPE_CHECKING:
    from .pixel_file import PixelFile
    from .records import ImageRecord

FOLDER = ".decoded"
VARIABLE = "PROVBENCH_DECODED_GB"
"""Environment variable with the most that decoded images may take of the disk, in GB; 0 keeps none."""
LIMIT_GB = 50.0
FREE_SHARE = 0.5
"""The share of the room that is free on the disk which new images may take."""


Files = tuple[str, str]
"""The paths of an image and of its mask, "" for none."""


@dataclass(frozen=True)
class PixelCache:
    """Decoded images in a folder, in files of their own for each data set and size.

    known: paths of all images of a data set, any part of which may be asked for; they share a file. Other images, such
    as those of a synthetic set, and those with masks have one for themselves. A file has another name where the
    versions of the libraries that decode and resize, or what the processor offers them, are others, so that no run has
    pixels that it would not have made.
    """

    folder: Path
    known: Sequence[str] = ()

    def slots(
        self, records: Sequence[ImageRecord], side: int, before: Callable[..., Any] | None = None
    ) -> list[tuple[PixelFile, int] | None]:
        """Returns the file and the place in it of each record; None for those that there is no room for.

        before: what is done to the images before they are resized. Its arguments and its source decide the file, too.
        """
        way = f"{side} {_function(before)}"
        images = [_files(record) for record in records]
        known = {(path, ""): place for place, path in enumerate(sorted(set(self.known)))}
        others = {image: place for place, image in enumerate(sorted({image for image in images if image not in known}))}
        count = sum(image in known for image in images)
        shared = self._file(known, way, (3, side, side), count)
        own = self._file(others, way, (4, side, side), len(others))
        return [
            (shared and (shared, known[image])) if image in known else (own and (own, others[image]))
            for image in images
        ]

    def _file(self, images: Iterable[Files], way: str, shape: tuple[int, int, int], count: int) -> PixelFile | None:
        """Returns the file for images of which `count` will be asked for; None where there is no room for these."""
        from .pixel_file import PixelFile

        if not count:
            return None
        name = _name(list(images), self.folder, f"{way} {shape[0]}")
        return PixelFile(self.folder, name, shape) if _make_room(self.folder, name, count * prod(shape)) else None


def _files(record: ImageRecord) -> Files:
    return os.fspath(record.path), "" if record.mask_path is None else os.fspath(record.mask_path)


def pixel_cache(data_root: Path, known: Iterable[Path]) -> PixelCache | None:
    """Returns the cache for the data in `data_root`; None where nothing is to be kept, or nothing can be written."""
    if limit_bytes() <= 0:
        return None
    try:
        return PixelCache(derived_folder(data_root) / FOLDER, [os.fspath(path) for path in known])
    except UserError:
        return None


def limit_bytes() -> float:
    """Returns the most that decoded images may take of the disk. Raises `UserError` for what is no such number."""
    given = os.environ.get(VARIABLE, "")
    try:
        limit = float(given) if given else LIMIT_GB
        if not limit >= 0:
            raise ValueError
    except ValueError:
        raise UserError(f"{VARIABLE}: must be a number of GB, 0 or more (got {given!r})") from None
    return limit * 1e9


def decoded_files(data_root: Path, unused: float, now: float) -> list[Path]:
    """Returns the files of decoded images of the data in `data_root` that nobody has used for so many seconds.

    They can be removed at any time, also while runs read them.
    """
    files = [file for place in derived_folders(data_root) for file in real_children(place / FOLDER)]
    used: dict[str, float] = defaultdict(float)
    for file in files:
        used[file.stem] = max(used[file.stem], _taken(file)[1])
    return [file for file in files if now - used[file.stem] >= unused]


def _function(function: Callable[..., Any] | None) -> str:
    """Returns the digest of a function that can be pickled, with its arguments and the file that defines it."""
    if function is None:
        return ""
    plain = function
    while isinstance(plain, partial):
        plain = plain.func
    source = Path(inspect.getsourcefile(plain) or "").read_bytes()
    return hashlib.sha256(pickle.dumps(function, protocol=4) + source).hexdigest()


def _name(images: Sequence[Files], folder: Path, way: str) -> str:
    """Returns the name of the file for these images. Moving the data and the cache together changes nothing."""
    from .pixel_file import FORMAT

    common = os.path.commonpath([path for files in images for path in files if path])
    place = os.path.relpath(common, folder)
    content = hashlib.sha256(f"{FORMAT} {_libraries()} {way} {place}".encode(errors="surrogateescape"))
    for files in images:
        for path in files:
            content.update(b"\0" + os.fsencode(path[len(common) :]))
    return content.hexdigest()[:32]


@cache
def _libraries() -> str:
    """Returns what may change the pixels of a decoded and resized image."""
    import torch

    versions = " ".join(f"{name} {version(name)}" for name in ("pillow", "torch", "torchvision"))
    return f"{versions} {torch.backends.cpu.get_cpu_capability()}"


def _make_room(folder: Path, name: str, wanted: int) -> bool:
    """Returns whether a file may grow to so many bytes. Others, the longest unused first, are removed for it."""
    used: dict[str, list[tuple[Path, int, float]]] = defaultdict(list)
    for path in real_children(folder):
        used[path.stem].append((path, *_taken(path)))
    sizes = {stem: sum(size for _, size, _ in files) for stem, files in used.items()}
    own = sizes.pop(name, 0)
    if max(wanted, own) > limit_bytes():
        return False
    for stem in sorted(sizes, key=lambda stem: max(last for _, _, last in used[stem])):
        if max(wanted, own) + sum(sizes.values()) <= limit_bytes():
            break
        del sizes[stem]
        for path, _, _ in used[stem]:
            with suppress(OSError):
                path.unlink()
    return wanted - own <= FREE_SHARE * _free(folder)


def _taken(path: Path) -> tuple[int, float]:
    """Returns the room that a file takes on the disk, and when it was last used."""
    with suppress(OSError):
        status = path.stat()
        return status.st_blocks * 512, status.st_mtime
    return 0, 0.0


def _free(folder: Path) -> int:
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free
