"""Pictures of what a method trains on: synthetic samples with the region that each source comes from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch

from provbench.registry import Augmentation, Batch, Task
from provbench.registry.synthesizers import SyntheticSet, read_manifest

from ..training import Preprocessor, batch_of, collate
from .inspection import spread
from .pictures import Colour, beside, line, page, scaled, stacked

if TYPE_CHECKING:
    from torch import nn

PREFIX = "provenance"
"""Prefix of the names of these pictures."""

PANEL = 200
"""Side of a panel in pixels."""

TINTS: tuple[Colour, ...] = ((0, 114, 178), (230, 120, 0), (0, 158, 115), (204, 121, 167))
"""Colours of the first, second … source of a sample."""

MOST_MIXED = 16
"""Samples of the batch that is mixed for a picture."""

TRIES = 50
"""Batches that are drawn until one is mixed: a method may mix a share of them only."""

Panel = tuple[np.ndarray, str]
"""An image (PANEL, PANEL, 3), and what is written above it."""


def training_pictures(
    task: Task, augmentation: Augmentation | None, synthetic: Path | None, net: nn.Module, count: int
) -> dict[str, np.ndarray]:
    """Returns pictures by file name, (H, W, 3) uint8 RGB: one of `count` images of the synthetic set next to their
    sources, and one of `count` samples of a batch that the augmentation mixed; {} for a method without either.

    net: what augmentations that look for salient regions ask. Inputs that are no images (C = 3, two spatial axes) are
    not drawn.
    """
    pictures = {}
    if synthetic is not None and (made := read_manifest(synthetic)).rows:
        pictures[f"{PREFIX}-{made.header.synthesizer}"] = synthetic_picture(task, made, count)
    if augmentation is not None:
        mixed = mixed_batch(task, augmentation, synthetic, net)
        if mixed.inputs.ndim == 4 and mixed.inputs.shape[1] == 3:
            pictures[f"{PREFIX}-{augmentation.name}"] = mixed_picture(task, augmentation.name, mixed, count)
    return pictures


def synthetic_picture(task: Task, made: SyntheticSet, count: int) -> np.ndarray:
    """Returns a row for each of `count` images of a synthetic set: its source, the image, and the provenance mask."""
    data, names = task.training_set(), task.class_names()
    places = {data.sample_id(index): index for index in range(len(data))}
    rows = []
    for index in spread([row.label for row in made.rows], count):
        row, image, mask = made.rows[index], made.image(index), made.mask(index)
        shown_sample = row.source or next(iter((row.contexts or {}).values()), None)
        source = None if shown_sample is None else places.get(shown_sample)
        panels = [
            (
                _blank() if source is None else _panel(data.image(source)),
                f"{'source' if row.source else 'context'}: {PurePosixPath(shown_sample or 'none').stem}",
            ),
            (_panel(image), f"synthetic: {row.change or made.header.synthesizer}"),
            (_panel(image), "provenance not known")
            if mask is None
            else (tinted(image, [mask]), f"{_name(names, row.label)}: {mask.mean():.0%} of the pixels"),
        ]
        rows.append(_row(panels))
    return page(f"{made.header.synthesizer}: {len(made)} images", rows)


def mixed_batch(task: Task, augmentation: Augmentation, synthetic: Path | None, net: nn.Module) -> Batch:
    """Returns a batch of training samples, evenly spread over the set, after the augmentation: the first of `TRIES`
    draws in which the provenance of any sample is known."""
    data: Any = task.train_data(synthetic)
    size = min(MOST_MIXED, task.params.batch_size, len(data))
    items = [data[len(data) * place // size, place] for place in range(size)]
    device = next(net.parameters()).device
    batch = batch_of(**Preprocessor(*task.normalization).to(device)(collate(items)))
    generator = torch.Generator()
    mixed = batch
    for attempt in range(TRIES):
        with torch.enable_grad():
            mixed = augmentation(batch, generator.manual_seed(attempt), net)
        if len(mixed.sources) > 1 and bool(mixed.guided.any()):
            break
    return mixed


def mixed_picture(task: Task, title: str, batch: Batch, count: int) -> np.ndarray:
    """Returns a row for each of `count` samples: the sample, its regions by source, and each source's own with its
    label and weight. Samples whose provenance is known come first."""
    names, images = task.class_names(), _pixels(task, batch.inputs)
    order = torch.argsort(batch.guided.int(), descending=True, stable=True).tolist()
    rows = []
    for place in order[:count]:
        masks = [source.mask[place, 0].float().cpu().numpy() for source in batch.sources]
        labels = [
            f"{_name(names, int(source.labels[place]))}: weight {float(source.weight[place]):.2f}"
            for source in batch.sources
        ]
        panels = [(_panel(images[place]), "mixed"), (tinted(images[place], masks), "provenance")]
        panels += [(shown(images[place], mask), label) for mask, label in zip(masks, labels, strict=True)]
        rows.append(_row(panels))
    return page(title, rows)


def tinted(image: np.ndarray, masks: Sequence[np.ndarray]) -> np.ndarray:
    """Returns the image in grey with each source's region in its colour; what comes from no source stays grey.

    image: (H, W, 3) uint8; masks: (h, w) each, in [0, 1]."""
    panel = _panel(image)
    grey = cv2.cvtColor(cv2.cvtColor(panel, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB).astype(np.float32)
    for mask, tint in zip(masks, TINTS, strict=False):
        share = 0.55 * _resized(mask)[..., None]
        grey = (1 - share) * grey + share * np.array(tint, np.float32)
    return grey.clip(0, 255).astype(np.uint8)


def shown(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Returns the image where it comes from a source, and faint elsewhere."""
    share = 0.12 + 0.88 * _resized(mask)[..., None]
    return (share * _panel(image) + (1 - share) * 255).clip(0, 255).astype(np.uint8)


def _pixels(task: Task, inputs: torch.Tensor) -> list[np.ndarray]:
    """Returns normalised inputs (B, 3, H, W) as images; where they are no pixels in [0, 1], on a scale of their own."""
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in task.normalization)
    pixels = inputs.detach().float().cpu() * std + mean
    low, high = float(pixels.min()), float(pixels.max())
    if low < -0.01 or high > 1.01:
        pixels = (pixels - low) / max(high - low, 1e-9)
    return list((255 * pixels.clamp(0, 1)).round().byte().permute(0, 2, 3, 1).numpy())


def _row(panels: Sequence[Panel]) -> np.ndarray:
    return beside([stacked([line(caption, PANEL), panel]) for panel, caption in panels])


def _panel(image: np.ndarray) -> np.ndarray:
    return scaled(image, PANEL, PANEL)


def _resized(mask: np.ndarray) -> np.ndarray:
    return scaled(mask.astype(np.float32), PANEL, PANEL).clip(0, 1)


def _blank() -> np.ndarray:
    return np.full((PANEL, PANEL, 3), 235, np.uint8)


def _name(names: Sequence[str], label: int) -> str:
    return names[label] if label < len(names) else f"class {label}"
