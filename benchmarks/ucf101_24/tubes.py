"""Pictures of tubes, method by method: a page of strips, or a film of panels beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from provbench.registry.base import UserError

from ..common import GAP, SPACE, beside, framed, line, middles, stacked
from .metrics import Tube
from .pictures import strip, time_bar, with_tubes
from .video import write_video

SUFFIXES = (".png", ".gif", ".mp4")


@dataclass(frozen=True)
class Method:
    """A method's name, the tubes that it found, and what is told of them."""

    label: str
    tubes: Sequence[Tube]
    told: str = ""


def page(
    frames: np.ndarray, truth: Sequence[Tube], methods: Sequence[Method], *, columns: int = 6, width: int = 240
) -> np.ndarray:
    """(H, W, 3): a strip of so many frames for each method, one below the other, its label and what is told above.

    frames: (T, H, W, 3) uint8 RGB, of a whole video. width: in pixels, that each frame is scaled to.
    """
    numbers = middles(len(frames), columns)
    shown, rows = frames[numbers], []
    for method in methods:
        drawn = strip(shown, numbers, len(frames), truth, method.tubes, width=width)
        header = ": ".join(text for text in (method.label, method.told) if text)
        rows.append(stacked([line(header, drawn.shape[1]), drawn]))
    return framed(stacked(rows, GAP))


def film(frames: np.ndarray, truth: Sequence[Tube], methods: Sequence[Method], *, width: int = 240) -> np.ndarray:
    """(T, H, W, 3): a panel for each method beside the other, with two lines above and a bar in time below."""
    everywhere, panels = range(len(frames)), []
    for method in methods:
        drawn = with_tubes(frames, everywhere, truth, method.tubes, width)
        header = [line(text, width) for text in (method.label, method.told)]
        bars = (time_bar(truth, method.tubes, len(frames), width, [number]) for number in everywhere)
        panels.append([stacked([*header, *parts], SPACE) for parts in zip(drawn, bars, strict=True)])
    return np.stack([framed(beside(moment)) for moment in zip(*panels, strict=True)])


def save(
    path: Path,
    frames: np.ndarray,
    truth: Sequence[Tube],
    methods: Sequence[Method],
    *,
    columns: int = 6,
    width: int = 240,
    rate: float = 25.0,
) -> None:
    """Write a page (.png) or a film (.gif, .mp4) of so many frames a second; `UserError` for other names."""
    check_name(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        Image.fromarray(page(frames, truth, methods, columns=columns, width=width)).save(path)
        return
    moments = film(frames, truth, methods, width=width)
    if path.suffix == ".gif":
        first, *others = (Image.fromarray(image) for image in moments)
        first.save(path, save_all=True, append_images=others, duration=round(1000 / rate), loop=0)
    else:
        write_video(path, moments, rate)


def check_name(path: Path) -> None:
    """`UserError` for a name that is no picture's."""
    if path.suffix not in SUFFIXES:
        raise UserError(f"{path}: expected a name that ends in {', '.join(SUFFIXES)} (got {path.suffix!r})")
