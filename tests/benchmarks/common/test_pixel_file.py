"""Decoded images in a shared file: what was written comes back, and nothing else does."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from provbench.benchmarks.common.pixel_file import PixelFile, digest_of

SHAPE = (3, 4, 4)
PIXELS = np.arange(48, dtype=np.uint8).reshape(SHAPE)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image.jpg"
    path.write_bytes(b"content")
    return path


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[], PixelFile]:
    return lambda: PixelFile(tmp_path / "decoded", "a", SHAPE)


@pytest.fixture
def filled(opened: Callable[[], PixelFile], image: Path) -> PixelFile:
    file = opened()
    file.write(2, [image], PIXELS, digest_of([image]))
    return file


def same(found: np.ndarray | None, expected: np.ndarray) -> bool:
    return found is not None and np.array_equal(found, expected)


def change(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def test_what_was_written_comes_back_in_every_process(
    filled: PixelFile, opened: Callable[[], PixelFile], image: Path
) -> None:
    for file in (filled, opened(), pickle.loads(pickle.dumps(filled))):
        assert same(file.read(2, [image]), PIXELS)
    with get_context("fork").Pool(1) as pool:
        assert same(pool.apply(filled.read, (2, [image])), PIXELS)


def test_other_slots_are_empty(filled: PixelFile, image: Path) -> None:
    assert filled.read(0, [image]) is None
    assert filled.read(3, [image]) is None


def test_an_image_that_was_replaced_has_no_pixels(
    filled: PixelFile, opened: Callable[[], PixelFile], image: Path
) -> None:
    image.write_bytes(b"another")

    assert opened().read(2, [image]) is None


def test_an_image_that_was_moved_or_touched_keeps_its_pixels(
    filled: PixelFile, opened: Callable[[], PixelFile], image: Path
) -> None:
    os.utime(image, (1, 1))
    moved = image.rename(image.with_name("moved.jpg"))

    assert same(opened().read(2, [moved]), PIXELS)
    assert same(opened().read(2, [moved]), PIXELS)


def test_an_image_that_is_gone_has_no_pixels(filled: PixelFile, opened: Callable[[], PixelFile], image: Path) -> None:
    image.unlink()

    assert opened().read(2, [image]) is None


@pytest.mark.parametrize(("suffix", "place"), [(".pixels", 2 * 48 + 7), (".slots", 2 * 56), (".slots", 2 * 56 + 30)])
def test_what_is_damaged_is_not_read(
    filled: PixelFile, opened: Callable[[], PixelFile], image: Path, suffix: str, place: int
) -> None:
    change(filled.folder / f"a{suffix}", place)

    assert opened().read(2, [image]) is None


def test_what_was_cut_off_is_not_read(filled: PixelFile, image: Path) -> None:
    os.truncate(filled.folder / "a.pixels", 2 * 48 + 10)

    assert filled.read(2, [image]) is None


def test_a_folder_that_cannot_be_written_keeps_nothing(image: Path) -> None:
    file = PixelFile(image / "decoded", "a", SHAPE)  # below a file
    file.write(0, [image], PIXELS, digest_of([image]))

    assert file.read(0, [image]) is None


def test_a_link_is_not_written_through(opened: Callable[[], PixelFile], image: Path, tmp_path: Path) -> None:
    (tmp_path / "decoded").mkdir()
    (tmp_path / "decoded" / "a.pixels").symlink_to(tmp_path / "elsewhere")
    opened().write(0, [image], PIXELS, digest_of([image]))

    assert not (tmp_path / "elsewhere").exists()
