"""Decoded images of one size in a file that all processes share and fill."""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from provbench.registry.base import UserError, content_digest

FORMAT = 1
"""Raise it when the files below change, or the way in which images are resized."""

_HEAD = struct.Struct("<II16s32s")
"""The head of a slot: CRC-32 of its pixels and of what follows here, the signature of the image's files, and the digest
of their contents.
"""


class PixelFile:
    """A slot for each of a list of images: (planes, side, side) uint8.

    On disk: `<name>.pixels` with a slot's bytes after the other, as far as they were written, and `<name>.slots` with a
    head for each. Any process may read and write at any time, without a lock: whoever decodes an image writes the same
    bytes as every other, and a slot counts if its checksum is right and the files of its image have the contents that
    they had, which each process looks at once. Files are read again where their size or times have changed. Nothing is
    mapped into memory: reading a slot takes as long, the kernel keeps the pages for all processes, and they do not
    count as memory of any. A disk that is full or read-only keeps nothing.
    """

    def __init__(self, folder: Path, name: str, shape: tuple[int, int, int]) -> None:
        self.folder, self.name, self.shape = folder, name, shape
        self.bytes = int(np.prod(shape))
        self._trusted: set[int] = set()
        self._files: tuple[int, int] | None = None
        self._closed = False

    def read(self, place: int, files: Sequence[Path]) -> np.ndarray | None:
        """Returns the pixels of a slot; None where it has none of these files' contents."""
        opened = self._open()
        if opened is None:
            return None
        pixels, heads = opened
        head = None
        if place not in self._trusted:
            head = _unpacked(_read(heads, place * _HEAD.size, _HEAD.size))
            if head is None or not self._is_current(heads, place, head, files):
                return None
        found = np.empty(self.shape, np.uint8)
        if not _read_into(pixels, place * self.bytes, found) or (head and zlib.crc32(found.data) != head[0]):
            return None
        self._trusted.add(place)
        return found

    def write(self, place: int, files: Sequence[Path], pixels: np.ndarray, contents: bytes) -> None:
        """Fills a slot. contents: `digest_of` the files, from before they were decoded."""
        opened = self._open()
        if opened is None or not contents or pixels.shape != self.shape:
            return
        whole = np.ascontiguousarray(pixels)
        try:
            _write(opened[0], place * self.bytes, whole.data.cast("B"))
            _write(opened[1], place * _HEAD.size, _packed(zlib.crc32(whole.data), signature_of(files), contents))
            self._trusted.add(place)
        except OSError:  # a full disk
            self._closed = True

    def _is_current(self, heads: int, place: int, head: tuple[int, bytes, bytes], files: Sequence[Path]) -> bool:
        checksum, signature, contents = head
        now = signature_of(files)
        if signature == now:
            return True
        if contents != digest_of(files):
            return False
        with suppress(OSError):  # moved or touched, and the same
            _write(heads, place * _HEAD.size, _packed(checksum, now, contents))
        return True

    def _open(self) -> tuple[int, int] | None:
        """Returns the descriptors of both files, opened once a process; None where they cannot be."""
        if self._files is None and not self._closed:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            paths = [self.folder / f"{self.name}{suffix}" for suffix in SUFFIXES]
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                first, second = (os.open(path, flags, 0o666) for path in paths)
            except OSError:
                self._closed = True
                return None
            self._files = first, second
            with suppress(OSError):
                os.utime(paths[1])  # when it was last used, for those who need its room
        return None if self._closed else self._files

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_files": None}

    def __del__(self) -> None:
        for descriptor in self._files or ():
            with suppress(OSError):
                os.close(descriptor)


SUFFIXES = (".pixels", ".slots")


def digest_of(files: Sequence[Path]) -> bytes:
    """Returns the digest of the files' contents, b"" where one cannot be read."""
    try:
        return hashlib.sha256("".join(map(content_digest, files)).encode()).digest()
    except (OSError, UserError):
        return b""


def signature_of(files: Sequence[Path]) -> bytes:
    """Returns a digest of the files' sizes and times, all zeros where one is not there."""
    looks = []
    for file in files:
        try:
            status = file.stat()
        except OSError:
            return bytes(16)
        looks.append((status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    return hashlib.blake2b(repr(looks).encode(), digest_size=16).digest()


def _packed(checksum: int, signature: bytes, contents: bytes) -> bytes:
    return _HEAD.pack(checksum, zlib.crc32(signature + contents, checksum), signature, contents)


def _unpacked(data: bytes) -> tuple[int, bytes, bytes] | None:
    """Returns checksum, signature and digest; None where the slot was never filled, or its head is torn."""
    if len(data) < _HEAD.size:
        return None
    checksum, own, signature, contents = _HEAD.unpack(data)
    right = any(contents) and own == zlib.crc32(signature + contents, checksum)
    return (checksum, signature, contents) if right else None


def _read(descriptor: int, start: int, size: int) -> bytes:
    try:
        return os.pread(descriptor, size, start)
    except OSError:
        return b""


def _read_into(descriptor: int, start: int, array: np.ndarray) -> bool:
    try:
        return os.preadv(descriptor, [array.data.cast("B")], start) == array.nbytes
    except OSError:
        return False


def _write(descriptor: int, start: int, data: bytes | memoryview) -> None:
    if os.pwrite(descriptor, data, start) != len(data):
        raise OSError("the disk is full")
