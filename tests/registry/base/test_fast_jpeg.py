"""The faster decoder gives Pillow's pixels, or leaves the file to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from provbench.registry.base import UserError, fast_jpeg, read_image
from provbench.registry.base.image_files import MAX_PIXELS

WAYS: list[dict[str, Any]] = [
    {"subsampling": 0},
    {"subsampling": 1, "quality": 30},
    {"subsampling": 2, "quality": 100},
    {"subsampling": 2, "progressive": True},
]


@pytest.fixture
def picture() -> Image.Image:
    coarse = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((67, 45), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("way", WAYS)
def test_the_pixels_are_pillows(tmp_path: Path, picture: Image.Image, way: dict[str, Any]) -> None:
    path = tmp_path / "a.JPG"
    picture.save(path, "JPEG", **way)
    found = fast_jpeg.decode_jpeg(path, MAX_PIXELS)

    assert fast_jpeg.equals_pillow()
    assert found is not None
    assert np.array_equal(found, np.asarray(Image.open(path)))
    assert np.array_equal(found, read_image(path))


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_other_colours_are_left_to_pillow(tmp_path: Path, picture: Image.Image, mode: str) -> None:
    path = tmp_path / "a.jpg"
    picture.convert(mode).save(path)

    assert fast_jpeg.decode_jpeg(path, MAX_PIXELS) is None
    assert np.array_equal(read_image(path), np.asarray(Image.open(path).convert("RGB")))


def test_files_that_pillow_must_judge_are_left_to_it(
    tmp_path: Path, picture: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.jpg"
    picture.save(path)
    whole = path.read_bytes()

    assert fast_jpeg.decode_jpeg(path, 67 * 45 - 1) is None
    assert fast_jpeg.decode_jpeg(tmp_path / "gone.jpg", MAX_PIXELS) is None
    for content in (b"", b"no image", whole[: len(whole) // 2]):
        path.write_bytes(content)
        assert fast_jpeg.decode_jpeg(path, MAX_PIXELS) is None
        with pytest.raises(UserError, match=r"a\.jpg: cannot be read as an image"):
            read_image(path)
    path.write_bytes(whole)
    monkeypatch.setattr(fast_jpeg, "equals_pillow", lambda: False)
    assert fast_jpeg.decode_jpeg(path, MAX_PIXELS) is None
