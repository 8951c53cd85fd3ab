"""Where decoded images are kept, shared and bounded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.transforms.v2 import functional

from provbench.benchmarks.common import pixel_cache
from provbench.benchmarks.common.images import ImageDataset
from provbench.benchmarks.common.pixel_cache import VARIABLE, PixelCache, decoded_files
from provbench.benchmarks.common.records import ImageRecord
from provbench.benchmarks.common.resized import ResizedImages
from provbench.registry import UserError


@pytest.fixture
def records(tmp_path: Path) -> list[ImageRecord]:
    """Four images; the last one has a mask."""
    found = []
    for number in range(4):
        path = tmp_path / "set" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.random.default_rng(number).integers(0, 256, (30, 40, 3), dtype=np.uint8)).save(path)
        found.append(ImageRecord(str(number), path, number))
    mask = tmp_path / "set" / "mask.png"
    Image.fromarray(np.eye(30, 40, dtype=np.uint8) * 255).save(mask)
    return [*found[:3], ImageRecord("3", found[3].path, 3, mask, guided=True)]


def kept(root: Path, records: Sequence[ImageRecord]) -> PixelCache:
    found = pixel_cache.pixel_cache(root, [record.path for record in records])
    assert found is not None
    return found


def spy(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the images that are decoded from now on."""
    from provbench.benchmarks.common import resized

    decoded: list[str] = []
    real = resized.load

    def load(record: ImageRecord, side: int, before: resized.Before | None = None) -> resized.Resized:
        decoded.append(record.id)
        return real(record, side, before)

    monkeypatch.setattr(resized, "load", load)
    return decoded


def test_every_image_is_decoded_once_for_all_runs(
    tmp_path: Path, records: list[ImageRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = spy(monkeypatch)
    plain = [ResizedImages(records, 16, None)[place] for place in range(4)]
    assert decoded == ["0", "1", "2", "3"]
    for part in (records[:2], records, records[::-1]):
        images = ResizedImages(part, 16, kept(tmp_path, records))
        for place, record in enumerate(part):
            image, mask = images[place]
            want, outline = plain[int(record.id)]
            assert np.array_equal(image, want)
            assert (None if mask is None else mask.tolist()) == (None if outline is None else outline.tolist())
    assert decoded[4:] == ["0", "1", "2", "3"]


def test_other_sizes_and_libraries_have_other_pixels(
    tmp_path: Path, records: list[ImageRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = spy(monkeypatch)
    for side, version in ((16, "1"), (12, "1"), (12, "2"), (16, "1")):
        monkeypatch.setattr(pixel_cache, "_libraries", lambda version=version: version)
        ResizedImages(records, side, kept(tmp_path, records))[0]
    assert decoded == ["0", "0", "0"]


def test_moving_data_and_cache_together_keeps_the_pixels(
    tmp_path: Path, records: list[ImageRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "one"
    root.mkdir()
    (tmp_path / "set").rename(root / "set")
    decoded = spy(monkeypatch)
    for name in ("one", "two"):
        root = root.rename(tmp_path / name)
        there = [ImageRecord(record.id, root / "set" / record.path.name, 0) for record in records]
        ResizedImages(there, 16, kept(root, there))[1]
    assert decoded == ["1"]


def test_training_and_evaluation_use_it(
    tmp_path: Path, records: list[ImageRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = spy(monkeypatch)
    for _ in range(2):
        cache = kept(tmp_path, records)
        ImageDataset(records, size=16, train=True, resize=20, cache=cache)[2, 7]
        ImageDataset(records, size=16, train=False, cache=cache)[2]
    assert decoded == ["2", "2"]


def test_what_is_done_before_decides_the_pixels(
    tmp_path: Path, records: list[ImageRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = spy(monkeypatch)
    for height in (10, 20, 10):
        cut = partial(functional.crop, top=0, left=0, height=height, width=20)
        image, _ = ResizedImages(records, 16, kept(tmp_path, records), cut)[0]
        plain, _ = ResizedImages(records, 16, None, cut)[0]
        assert np.array_equal(image, plain)
    assert decoded == ["0"] * 5  # two of them to be kept


def test_the_longest_unused_go_for_new_ones(
    tmp_path: Path, records: list[ImageRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "0.000042")
    for side in (16, 17):
        ResizedImages(records[:3], side, kept(tmp_path, records))[0]
        for file in decoded_files(tmp_path, 0, 1e12):
            os.utime(file, (side, side))
    before = set(decoded_files(tmp_path, 0, 1e12))
    ResizedImages(records[:3], 60, kept(tmp_path, records))[0]  # 32 KB
    after = set(decoded_files(tmp_path, 0, 1e12))

    assert (len(before), len(before & after), len(after)) == (4, 2, 4)


def test_what_is_larger_than_the_limit_is_not_kept(
    tmp_path: Path, records: list[ImageRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("0", "0.000001"):
        monkeypatch.setenv(VARIABLE, limit)
        cache = pixel_cache.pixel_cache(tmp_path, [record.path for record in records])
        assert ResizedImages(records, 32, cache)[0][0].shape == (3, 32, 32)
        assert decoded_files(tmp_path, 0, 1e12) == []


def test_a_limit_that_is_no_number_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for given in ("much", "-1", "nan"):
        monkeypatch.setenv(VARIABLE, given)
        with pytest.raises(UserError, match=f"{VARIABLE}: must be a number of GB, 0 or more"):
            pixel_cache.pixel_cache(tmp_path, [])


def test_a_full_disk_keeps_nothing(tmp_path: Path, records: list[ImageRecord], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixel_cache, "_free", lambda folder: 1000)
    ResizedImages(records, 32, kept(tmp_path, records))[0]

    assert decoded_files(tmp_path, 0, 1e12) == []
