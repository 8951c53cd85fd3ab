"""Pictures of tubes over the frames of a video: what is true in green, what a method finds in red, method by method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..benchmarks.ucf101_24.video import write_video
from ..registry import UserError

Tube = Mapping[str, Any]
"""`frames` (n,) rising, `boxes` (n, 4) x0 y0 x1 y1 in pixels, for a found one `score`; as `ucf101_24.metrics`."""

Colour = tuple[int, int, int]
TRUE, FOUND = (44, 160, 44), (214, 39, 40)
OFF, NOW, PAPER, INK = (60, 60, 60), (255, 255, 255), (255, 255, 255), (30, 30, 30)

LINE = 2
"""Pixels of a box's outline, which lies within the box."""
HEADER, TIMELINE, GAP = 16, 10, 4
"""Pixels of the line of text above a frame, of the bar below it, and between panels."""

SUFFIXES = (".png", ".gif", ".mp4")


@dataclass(frozen=True)
class Method:
    """What is written above a method's panel, and the tubes that it found."""

    label: str
    tubes: Sequence[Tube]


def draw(
    frames: np.ndarray, truth: Sequence[Tube], methods: Sequence[Method], *, width: int | None = None
) -> list[np.ndarray]:
    """A panel for each method: (T, HEADER + h + TIMELINE, w, 3) uint8, the frames with the true and the found tubes.

    Above each frame stands the method's label; below it a bar in time, in its upper half green where a true tube is and
    in its lower half red where a found one is, with a white mark at the frame itself. frames: (T, H, W, 3) uint8 RGB.
    width: that the frames are scaled to; None leaves them as they are.
    """
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or not frames.size:
        raise ValueError(f"frames must be (T, H, W, 3) uint8 and not empty (got {frames.shape} {frames.dtype})")
    scale = 1.0 if width is None else width / frames.shape[2]
    if scale != 1:
        size = round(frames.shape[2] * scale), round(frames.shape[1] * scale)
        frames = np.stack([np.asarray(Image.fromarray(frame).resize(size)) for frame in frames])
    panels = []
    for method in methods:
        seen = frames.copy()
        draw_tubes(seen, truth, TRUE, scale)
        draw_tubes(seen, method.tubes, FOUND, scale)
        bar = timeline(truth, method.tubes, len(frames), frames.shape[2])
        header = np.broadcast_to(_text(method.label, frames.shape[2]), (len(frames), HEADER, frames.shape[2], 3))
        panels.append(np.concatenate([header, seen, bar], axis=1))
    return panels


def draw_tubes(frames: np.ndarray, tubes: Sequence[Tube], colour: Colour, scale: float = 1.0) -> None:
    """Outline the tubes' boxes in the frames (T, H, W, 3), in place; what lies outside is left out."""
    for tube in tubes:
        for place, box in zip(tube["frames"], np.asarray(tube["boxes"], np.float64) * scale, strict=True):
            if 0 <= place < len(frames):
                _outline(frames[place], box, colour)


def timeline(truth: Sequence[Tube], found: Sequence[Tube], length: int, width: int) -> np.ndarray:
    """(T, TIMELINE, width, 3) uint8: when the tubes are, and which frame it is. Column x is of frame x T // width."""
    frame_of = np.arange(width) * length // width
    bar = np.empty((length, TIMELINE, width, 3), np.uint8)
    half = TIMELINE // 2
    for rows, tubes, colour in ((slice(0, half), truth, TRUE), (slice(half, None), found, FOUND)):
        there = np.zeros(length, bool)
        for tube in tubes:
            places = np.asarray(tube["frames"])
            there[places[(places >= 0) & (places < length)]] = True
        bar[:, rows] = np.where(there[frame_of][:, None], colour, OFF)
    now = np.minimum((2 * np.arange(length) + 1) * width // (2 * length), width - 1)
    bar[np.arange(length), :, now] = NOW
    return bar


def side_by_side(panels: Sequence[np.ndarray]) -> np.ndarray:
    """(T, H, W, 3): the panels next to each other, for an animation."""
    gap = np.full((*panels[0].shape[:2], GAP, 3), PAPER, np.uint8)
    return np.concatenate([part for panel in panels for part in (gap, panel)][1:], axis=2)


def strip(panels: Sequence[np.ndarray], columns: int = 8) -> np.ndarray:
    """(H, W, 3): a panel in each row, and in the columns so many of its frames, evenly from the first to the last."""
    places = np.unique(np.linspace(0, len(panels[0]) - 1, columns).round().astype(int))
    height, width = panels[0].shape[1:3]
    page = np.full((len(panels) * (height + GAP) - GAP, len(places) * (width + GAP) - GAP, 3), PAPER, np.uint8)
    for row, panel in enumerate(panels):
        for column, place in enumerate(places):
            top, left = row * (height + GAP), column * (width + GAP)
            page[top : top + height, left : left + width] = panel[place]
    return page


def save(path: Path, panels: Sequence[np.ndarray], *, columns: int = 8, rate: float = 25.0) -> None:
    """Write a strip (.png) or an animation (.gif, .mp4) of so many frames a second; `UserError` for other names."""
    check_name(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        Image.fromarray(strip(panels, columns)).save(path)
    elif path.suffix == ".gif":
        first, *others = (Image.fromarray(image) for image in side_by_side(panels))
        first.save(path, save_all=True, append_images=others, duration=round(1000 / rate), loop=0)
    else:
        write_video(path, side_by_side(panels), rate)


def check_name(path: Path) -> None:
    """`UserError` for a name that is no picture's."""
    if path.suffix not in SUFFIXES:
        raise UserError(f"{path}: expected a name that ends in {', '.join(SUFFIXES)} (got {path.suffix!r})")


def _outline(frame: np.ndarray, box: np.ndarray, colour: Colour) -> None:
    """Colour the pixels of the box (x0 y0 x1 y1) that are at most LINE from its border."""
    height, width = frame.shape[:2]
    (x0, y0), (x1, y1) = np.floor(box[:2]).astype(int), np.ceil(box[2:]).astype(int)
    rows, columns = np.arange(height)[:, None], np.arange(width)
    inside = (rows >= y0) & (rows < y1) & (columns >= x0) & (columns < x1)
    core = (rows >= y0 + LINE) & (rows < y1 - LINE) & (columns >= x0 + LINE) & (columns < x1 - LINE)
    frame[inside & ~core] = colour


def _text(label: str, width: int) -> np.ndarray:
    """(HEADER, width, 3) uint8."""
    line = Image.new("RGB", (width, HEADER), PAPER)
    ImageDraw.Draw(line).text((2, 1), label, fill=INK, font=ImageFont.load_default(11))
    return np.asarray(line)
