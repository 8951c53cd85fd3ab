"""Measures how many images a second the data path of the image tasks delivers, against torchvision's.

    python -m provbench.tools.bench.data_path [--images 600] [--width 500] [--height 375] [--workers 0] [--json]

Generates JPEG files in a temporary folder and reads them in batches of 32 for training: resized to 256 x 256, cropped
to 224 x 224 at random, mirrored half of the time, as uint8. The reference is a plain `ImageFolder` with torchvision's
transforms for the same in a `DataLoader`. provbench's own loader is measured without a cache, while its cache is
filled, and when that has every image, in the first and in a later epoch; and decoding alone, with each decoder. Without
processes that load, CPU time is measured, else wall time. The ratios are what means the same on any machine.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from provbench.benchmarks.common import ImageDataset, ImageRecord, PixelCache
from provbench.benchmarks.training import train_loader
from provbench.registry.base import read_image

SIDE, CROP, BATCH = 256, 224, 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--width", type=int, default=500)
    parser.add_argument("--height", type=int, default=375)
    parser.add_argument("--workers", type=int, default=0, help="processes that load")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        rates = _rates(options, Path(folder))
    if options.json:
        print(json.dumps(rates, indent=2))
        return
    reference = rates["ImageFolder"]
    print(f"{options.images} JPEG files of {options.width} x {options.height}, {options.workers} loading processes")
    for name, rate in rates.items():
        print(f"{name:>28}: {rate:9.0f} images/s  {rate / reference:6.2f} x")


def _rates(options: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Images a second, by what delivered them."""
    paths = [
        _write(folder / "images" / str(number % 10) / f"{number}.jpg", number, options)
        for number in range(options.images)
    ]
    records = [ImageRecord(path.name, path, 0) for path in paths]
    plain = _image_folder(folder / "images", options.workers)
    once = _provbench(records, None, options.workers)
    _spend(once, 2)  # imports, and the files in the operating system's cache
    rates = {
        "ImageFolder": _rate(options, lambda: _spend(plain)),
        "without a cache": _rate(options, lambda: _spend(once)),
    }
    cache = PixelCache(folder / "decoded", [str(path) for path in paths])
    rates["filling the cache"] = _rate(options, lambda: _spend(_provbench(records, cache, options.workers)))
    warm = _provbench(records, cache, options.workers)
    rates["from the cache, first epoch"] = _rate(options, lambda: _spend(warm))
    rates["from the cache, later epochs"] = _rate(options, lambda: _spend(warm))
    rates["decoding, Pillow"] = _rate(options, lambda: [Image.open(path).convert("RGB") for path in paths])
    rates["decoding, provbench"] = _rate(options, lambda: [read_image(path) for path in paths])
    return rates


def _write(path: Path, number: int, options: argparse.Namespace) -> Path:
    """A smooth picture with some texture, so that its file is as large as a photograph's."""
    rng = np.random.default_rng(number)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((options.width, options.height), Image.Resampling.BICUBIC), np.int16)
    pixels = (smooth + rng.integers(-12, 13, smooth.shape)).clip(0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=90)
    return path


def _image_folder(root: Path, workers: int) -> DataLoader[Any]:
    steps = [v2.PILToTensor(), v2.Resize((SIDE, SIDE), antialias=True), v2.RandomCrop(CROP), v2.RandomHorizontalFlip()]
    data = ImageFolder(str(root), v2.Compose(steps))
    return DataLoader(data, BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0)


def _provbench(records: list[ImageRecord], cache: PixelCache | None, workers: int) -> DataLoader[Any]:
    data = ImageDataset(records, size=CROP, train=True, resize=SIDE, cache=cache)
    return train_loader(data, BATCH, 0, workers)


def _spend(loader: Iterable[Any], batches: int | None = None) -> None:
    for number, _ in enumerate(loader, start=1):
        if number == batches:
            return


def _rate(options: argparse.Namespace, work: Callable[[], object]) -> float:
    clock = time.perf_counter if options.workers else time.process_time
    began = clock()
    work()
    return options.images / (clock() - began)


if __name__ == "__main__":
    main()
