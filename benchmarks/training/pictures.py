"""Pictures that a finished run leaves, for people to look at."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from provbench.registry import Task
from provbench.registry.base import atomic_path, picture_name

Draw = Callable[[nn.Module, int], Mapping[str, np.ndarray]]
"""Draws up to so many pictures of what a network does, by name: (H, W, 3) uint8 RGB."""


def save_pictures(task: Task, net: nn.Module, count: int, folder: Path, others: Sequence[Draw] = ()) -> None:
    """Writes up to `count` of the task's pictures of what `net` does as `<name>.png`, and those that others draw.

    A picture that fails to be drawn or written is a warning, since the run that it shows is finished and sound.
    """
    net.eval()
    for draw in (task.pictures, *others):
        try:
            with torch.no_grad():
                pictures = draw(net, count)
            for name, pixels in pictures.items():
                with atomic_path(folder / f"{picture_name(name)}.png") as file:
                    Image.fromarray(pixels).save(file, format="PNG")
        except Exception as error:
            warnings.warn(f"{task.name}: no pictures: {type(error).__name__}: {error}", stacklevel=2)
