"""Draws the training samples of a suite's methods without training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from provbench.benchmarks.common import training_pictures
from provbench.registry import AUGMENTATIONS, no_progress
from provbench.registry.base import atomic_file, free_name

from ..planning import Cell, Plan, data_fingerprint, ensure_synthetic


def draw_samples(plan: Plan, data_root: Path, count: int, folder: Path) -> list[Path]:
    """Writes a picture of `count` samples for the synthesizer and for the augmentation of every method of a suite, as
    `<task>-<method>-<picture>.png`, and returns the files. Parameters that are searched have the suite's values.

    Data and synthetic sets are made where they are not there and can be. An augmentation that looks for salient regions
    asks the task's network before any training. Raises `MissingDataError` where data are missing.
    """
    files: list[Path] = []
    for cell in plan.cells:
        for name, pixels in _pictures(cell, data_root, count).items():
            stem = free_name(f"{cell.name}-{cell.method}-{name}", [file.stem for file in files])
            files.append(folder / f"{stem}.png")
            with atomic_file(files[-1]) as file:
                Image.fromarray(pixels).save(file, format="PNG")
    return files


def _pictures(cell: Cell, data_root: Path, count: int) -> dict[str, np.ndarray]:
    task = cell.build_task(data_root)
    spec = cell.spec(0, "final", "")
    augmentation, synthesizer = spec.augmentation, spec.synthesizer
    if augmentation is None and synthesizer is None:
        return {}
    task.prepare(no_progress)
    made = synthesizer and ensure_synthetic(task, synthesizer, data_fingerprint(task, synthesizer), data_root)
    built = augmentation and AUGMENTATIONS.build(augmentation.name, **augmentation.params)
    return training_pictures(task, built, made or None, task.build_model().eval(), count)
