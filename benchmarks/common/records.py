"""Image records: what a task knows of an image before anything is read. Without torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ImageRecord:
    """One image of a data set.

    id: its name in the data set. mask_path: its provenance mask, white where the pixel comes from the label's target;
    None says that all of it does. guided: whether that mask says anything worth guiding by. segmentation: the target's
    outline as the data set has it, white on the target, or None.
    """

    id: str
    path: Path
    label: int
    mask_path: Path | None = None
    guided: bool = False
    segmentation: Path | None = None
