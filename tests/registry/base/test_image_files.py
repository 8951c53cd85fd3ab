"""Every kind of image and mask is read as what it shows, or refused with the file's name."""

from __future__ import annotations

import contextlib
import errno
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from provbench.registry import MissingDataError, UserError
from provbench.registry.base import image_files
from provbench.registry.base.image_files import MAX_PIXELS, read_image, read_mask

RAMP = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
"""16-bit levels from black to white."""
COLOURS = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)


def stored(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def gray(levels: np.ndarray) -> np.ndarray:
    return np.repeat(levels[..., None], 3, axis=2)


def palette_image(levels: np.ndarray) -> Image.Image:
    """Colour 0 is black, 1 is (200, 100, 50), 2 is white."""
    image = Image.fromarray(levels.astype(np.uint8)).convert("P")
    image.putpalette([0, 0, 0, 200, 100, 50, 255, 255, 255])
    image.putdata(levels.reshape(-1).tolist())
    return image


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, rows: bytes, *, depth: int = 8, kind: int = 0, interlaced: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


class TestImages:
    @pytest.mark.parametrize("suffix", ["png", "bmp", "ppm", "tif", "webp", "jpg"])
    def test_eight_bit_colour_keeps_every_bit_of_the_decoded_file(self, tmp_path: Path, suffix: str) -> None:
        path = stored(
            tmp_path / f"a.{suffix}", Image.fromarray(COLOURS), **{"lossless": True} if suffix == "webp" else {}
        )
        with Image.open(path) as image:
            np.testing.assert_array_equal(read_image(path), np.asarray(image))
        if suffix != "jpg":
            np.testing.assert_array_equal(read_image(path), COLOURS)

    def test_gray_goes_into_all_channels(self, tmp_path: Path) -> None:
        for name in ("a.png", "a.jpg"):
            path = stored(tmp_path / name, Image.fromarray(COLOURS[..., 0]), quality=100)
            with Image.open(path) as image:
                assert image.mode == "L"
                np.testing.assert_array_equal(read_image(path), gray(np.asarray(image)))

    @pytest.mark.parametrize("suffix", ["png", "tif", "pgm", "jp2"])
    def test_sixteen_bits_are_scaled_by_their_range(self, tmp_path: Path, suffix: str) -> None:
        image = Image.fromarray(RAMP.astype(np.int32)) if suffix == "pgm" else Image.fromarray(RAMP)
        np.testing.assert_array_equal(
            read_image(stored(tmp_path / f"a.{suffix}", image)), gray((RAMP >> 8).astype(np.uint8))
        )

    def test_sixteen_bit_colour_is_scaled_in_the_same_way(self, tmp_path: Path) -> None:
        values = np.stack([RAMP, RAMP[::-1], RAMP.T], axis=2)
        rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
        path = tmp_path / "a.png"
        path.write_bytes(png(8, 8, rows, depth=16, kind=2))
        np.testing.assert_array_equal(read_image(path), (values >> 8).astype(np.uint8))

    def test_twelve_bits_are_scaled_by_their_range(self, tmp_path: Path) -> None:
        path = tmp_path / "a.tif"
        tags = {256: 2, 257: 1, 258: 12, 259: 1, 262: 1, 273: 128, 277: 1, 278: 1, 279: 3}
        entries = b"".join(
            struct.pack("<HHII", tag, 4 if tag in (273, 279) else 3, 1, value) for tag, value in tags.items()
        )
        head = struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<H", len(tags)) + entries + bytes(4)
        path.write_bytes(head.ljust(128, b"\0") + bytes([0xFF, 0xF0, 0x10]))  # 4095 and 16
        np.testing.assert_array_equal(read_image(path), [[[255] * 3, [1] * 3]])

    @pytest.mark.parametrize(("bits", "level"), [(1, 255), (2, 85), (4, 17)])
    def test_fewer_bits_are_scaled_up(self, tmp_path: Path, bits: int, level: int) -> None:
        (tmp_path / "a.png").write_bytes(png(2, 1, bytes([0, 1 << (8 - 2 * bits)]), depth=bits))
        np.testing.assert_array_equal(read_image(tmp_path / "a.png"), gray(np.array([[0, level]])))

    @pytest.mark.parametrize("suffix", ["png", "gif", "tif"])
    def test_palettes_are_looked_up(self, tmp_path: Path, suffix: str) -> None:
        path = stored(tmp_path / f"a.{suffix}", palette_image(np.array([[0, 1], [2, 1]])))
        np.testing.assert_array_equal(read_image(path), [[[0] * 3, [200, 100, 50]], [[255] * 3, [200, 100, 50]]])

    @pytest.mark.parametrize("suffix", ["png", "gif"])
    def test_a_palettes_transparent_colour_is_white(self, tmp_path: Path, suffix: str) -> None:
        path = stored(tmp_path / f"a.{suffix}", palette_image(np.array([[0, 1], [2, 1]])), transparency=1)
        np.testing.assert_array_equal(read_image(path), [[[0] * 3, [255] * 3], [[255] * 3, [255] * 3]])

    @pytest.mark.parametrize(
        ("pixels", "expected"),
        [((10, 20, 30, 255), (10, 20, 30)), ((10, 20, 30, 0), (255, 255, 255)), ((255, 0, 0, 128), (255, 127, 127))],
    )
    def test_transparent_pixels_are_put_over_white(self, tmp_path: Path, pixels: Any, expected: Any) -> None:
        path = stored(tmp_path / "a.png", Image.new("RGBA", (2, 2), pixels))
        assert (read_image(path) == expected).all()

    def test_gray_with_alpha_and_a_transparent_colour_are_put_over_white(self, tmp_path: Path) -> None:
        assert (read_image(stored(tmp_path / "a.png", Image.new("LA", (2, 2), (0, 128)))) == 127).all()
        chosen = stored(tmp_path / "b.png", Image.new("RGB", (2, 2), (1, 2, 3)), transparency=(1, 2, 3))
        assert (read_image(chosen) == 255).all()

    @pytest.mark.parametrize("suffix", ["jpg", "tif"])
    def test_cmyk_is_converted(self, tmp_path: Path, suffix: str) -> None:
        path = stored(tmp_path / f"a.{suffix}", Image.new("CMYK", (8, 8), (0, 255, 255, 0)))
        assert np.abs(read_image(path).astype(int) - (255, 0, 0)).max() <= 2

    @pytest.mark.parametrize("values", [RAMP.astype(np.float32) / 65535, RAMP.astype(np.int32)])
    def test_values_of_unknown_range_are_refused(self, tmp_path: Path, values: np.ndarray) -> None:
        path = stored(tmp_path / "a.tif", Image.fromarray(values))
        for read in (read_image, read_mask):
            with pytest.raises(UserError, match=r"a\.tif: .*whose range is not known"):
                read(path)

    def test_kinds_that_cannot_be_told_apart_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UserError, match=r"a\.png: .*transparent colour of 16 bits"):
            read_image(stored(tmp_path / "a.png", Image.fromarray(RAMP), transparency=300))
        with pytest.raises(UserError, match=r"a\.tif: .*from white to black"):
            read_image(stored(tmp_path / "a.tif", Image.fromarray(RAMP), tiffinfo={262: 0}))
        with pytest.raises(UserError, match=r"b\.tif: .*L\*a\*b\*"):
            read_image(stored(tmp_path / "b.tif", Image.new("LAB", (4, 4))))
        with pytest.raises(UserError, match=r"a\.eps: cannot be read as an image"):
            read_image(stored(tmp_path / "a.eps", Image.new("RGB", (4, 4))))

    @pytest.mark.parametrize("suffix", ["png", "jpg"])
    def test_orientation_is_applied_on_demand(self, tmp_path: Path, suffix: str) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
        plain = read_image(stored(tmp_path / f"a.{suffix}", Image.fromarray(COLOURS)))
        path = stored(tmp_path / f"b.{suffix}", Image.fromarray(COLOURS), exif=exif)
        np.testing.assert_array_equal(read_image(path), plain)
        np.testing.assert_array_equal(read_image(path, displayed=True), np.rot90(plain, -1))
        assert read_mask(path).shape == (6, 9)
        assert read_mask(path, displayed=True).shape == (9, 6)


class TestMasks:
    @pytest.mark.parametrize("suffix", ["png", "tif"])
    @pytest.mark.parametrize(("level", "white"), [(300, False), (32767, False), (32768, True), (65535, True)])
    def test_sixteen_bits(self, tmp_path: Path, suffix: str, level: int, white: bool) -> None:
        path = stored(tmp_path / f"a.{suffix}", Image.fromarray(np.full((2, 2), level, np.uint16)))
        assert (read_mask(path) == white).all()

    @pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA"])
    def test_eight_bits(self, tmp_path: Path, mode: str) -> None:
        levels = np.array([[0, 127], [128, 255]], np.uint8)
        path = stored(tmp_path / "a.png", Image.fromarray(levels).convert(mode))
        assert read_mask(path).tolist() == [[False, False], [True, True]]

    @pytest.mark.parametrize(("bits", "least"), [(1, 1), (2, 2), (4, 8)])
    def test_fewer_bits(self, tmp_path: Path, bits: int, least: int) -> None:
        for level in (least - 1, least):
            (tmp_path / "a.png").write_bytes(png(1, 1, bytes([0, level << (8 - bits)]), depth=bits))
            assert read_mask(tmp_path / "a.png").item() == (level == least)

    def test_palettes_count_by_their_colours(self, tmp_path: Path) -> None:
        path = stored(tmp_path / "a.png", palette_image(np.array([[0, 1, 2]])))
        assert read_mask(path).tolist() == [[False, False, True]]

    def test_alpha_is_ignored_and_a_mask_drawn_in_it_is_refused(self, tmp_path: Path) -> None:
        cut = np.full((2, 2, 4), 255, np.uint8)
        cut[0, :, 3] = 0
        with pytest.raises(UserError, match=r"a\.png: .*drawn in its alpha channel"):
            read_mask(stored(tmp_path / "a.png", Image.fromarray(cut)))
        cut[0, 0, :3] = 0
        assert read_mask(stored(tmp_path / "b.png", Image.fromarray(cut))).tolist() == [[False, True], [True, True]]


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of what it finds in damaged TIFF files
class TestDamage:
    def test_a_declared_size_beyond_the_limit_is_refused_before_it_is_unpacked(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(png(1, MAX_PIXELS + 1, bytes(10), depth=1))
        for read in (read_image, read_mask):
            with pytest.raises(UserError, match=r"a\.png: .*declares 1x64000001 pixels"):
                read(tmp_path / "a.png")

    @pytest.mark.parametrize("interlaced", [0, 1])
    @pytest.mark.parametrize("missing", [0, 1])
    def test_missing_rows_of_a_png_are_noticed(self, tmp_path: Path, interlaced: int, missing: int) -> None:
        black = {0: 5 * (1 + 7), 1: (1 + 1) + (1 + 1) + (1 + 2) + 2 * (1 + 2) + (1 + 4) + 3 * (1 + 3) + 2 * (1 + 7)}
        rows = bytes(black[interlaced] - missing * 8)
        (tmp_path / "a.png").write_bytes(png(7, 5, rows, interlaced=interlaced))
        if not missing:
            assert not read_image(tmp_path / "a.png").any()
            return
        with pytest.raises(UserError, match=r"a\.png: .*cut short"):
            read_image(tmp_path / "a.png")

    @pytest.mark.parametrize("suffix", ["jpg", "png", "bmp", "gif", "tif", "webp", "ppm", "jp2"])
    def test_truncated_files_are_refused_wherever_they_end(self, tmp_path: Path, suffix: str) -> None:
        noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
        path = stored(tmp_path / f"a.{suffix}", Image.fromarray(noise))
        content = path.read_bytes()
        for length in (0, 5, 30, len(content) // 2, len(content) * 3 // 4):
            path.write_bytes(content[:length])
            with pytest.raises(UserError, match=rf"a\.{suffix}: cannot be read as an image"):
                read_image(path)

    def test_files_of_damaged_bytes_are_refused_or_read(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        for suffix in ("jpg", "png", "gif", "tif"):
            path = stored(tmp_path / f"a.{suffix}", Image.fromarray(COLOURS))
            content = np.frombuffer(path.read_bytes(), np.uint8)
            for _ in range(20):
                damaged = content.copy()
                damaged[rng.integers(0, len(content), 4)] = rng.integers(0, 256, 4)
                path.write_bytes(damaged.tobytes())
                with contextlib.suppress(UserError):
                    assert read_image(path).dtype == np.uint8

    def test_no_file_a_folder_and_a_failing_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(MissingDataError, match=r"none\.png"):
            read_image(tmp_path / "none.png")
        with pytest.raises(UserError, match="cannot be read"):
            read_image(tmp_path)

        def fail(*_: object, **__: object) -> None:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(image_files, "_require_size", fail)
        with pytest.raises(OSError, match="Input/output"):
            read_image(stored(tmp_path / "a.png", Image.fromarray(COLOURS)))
