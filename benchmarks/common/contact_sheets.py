"""Contact sheets of generated images, one for each class: image, provenance mask and prompt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from provbench.registry import TrainingSet
from provbench.registry.base import read_image, read_mask
from provbench.registry.generation import drawn_rows
from provbench.registry.synthesizers import HEADER, SyntheticImage, read_manifest

from .pictures import beside, line, page, scaled, stacked

PANEL, ACROSS = 180, 4
"""Side of an image in pixels, and images beside each other."""


def contact_sheets(
    folder: Path, to: Path, count: int, names: Sequence[str] = (), data: TrainingSet | None = None
) -> list[Path]:
    """Writes a sheet for each class with its first images, and returns the files.

    folder: of a set, whole or not. names: of the classes. data: the training set, whose images of the class come first.
    """
    rows = list(read_manifest(folder).rows) if (folder / HEADER).is_file() else drawn_rows(folder)
    by_class: dict[int, list[SyntheticImage]] = {}
    for row in rows:
        by_class.setdefault(row.label, []).append(row)
    to.mkdir(parents=True, exist_ok=True)
    files = []
    for label, own in sorted(by_class.items()):
        file = to / f"class-{label:05d}.png"
        title = names[label] if label < len(names) else f"class {label}"
        Image.fromarray(sheet(title, folder, own[:count], _real(data, label, ACROSS))).save(file)
        files.append(file)
    return files


def sheet(title: str, folder: Path, rows: Sequence[SyntheticImage], real: Sequence[np.ndarray] = ()) -> np.ndarray:
    """Returns real images, then the images of some rows of a set, each with its prompt and its provenance mask.

    The result is (H, W, 3) uint8.
    """
    lines = [beside([stacked([line("real", PANEL), scaled(image, PANEL, PANEL)]) for image in real])] if real else []
    panels = [_panel(folder, row) for row in rows]
    lines += [beside(panels[start : start + ACROSS]) for start in range(0, len(panels), ACROSS)]
    return page(f"{title}: {len(rows)} images", lines)


def _real(data: TrainingSet | None, label: int, count: int) -> list[np.ndarray]:
    if data is None:
        return []
    own = [index for index in range(len(data)) if data.label(index) == label]
    return [data.image(index) for index in own[:count]]


def _panel(folder: Path, row: SyntheticImage) -> np.ndarray:
    image = scaled(read_image(folder / row.file), PANEL, PANEL)
    parts = [line(row.prompt or row.change, PANEL), image]
    if row.mask is not None:
        mask = scaled(read_mask(folder / row.mask).astype(np.float32), PANEL, PANEL).clip(0, 1)[..., None]
        faint = (image * (0.15 + 0.85 * mask) + 255 * 0.85 * (1 - mask)).clip(0, 255).astype(np.uint8)
        parts.append(faint)
    return stacked(parts)
