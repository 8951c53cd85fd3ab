"""Pictures that a finished run leaves, for people to look at."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from provbench.registry import Task

from .files import replacing

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
                with replacing(folder / f"{file_name(name)}.png") as file:
                    Image.fromarray(pixels).save(file, format="PNG")
        except Exception as error:
            warnings.warn(f"{task.name}: no pictures: {type(error).__name__}: {error}", stacklevel=2)


def file_name(name: str) -> str:
    """`name` as that of a file in one folder, without the ending of an image."""
    plain = re.sub(r"[^\w.-]+", "_", re.sub(r"\.(png|jpe?g)$", "", name, flags=re.IGNORECASE))
    return plain.lstrip(".-") or "picture"
