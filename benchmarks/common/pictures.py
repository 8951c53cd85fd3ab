"""Figures of what a model does, as arrays of pixels: panels side by side, captions above, one line of title.

Images are (H, W, 3) uint8 RGB. Text is a string, or spans of it with a colour each. What is true is green in every
picture, and what a model says is red.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Text = str | Sequence[tuple[str, Colour]]

PAPER, INK, FAINT = (255, 255, 255), (30, 30, 30), (110, 110, 110)
TRUE, FOUND = (44, 160, 44), (214, 39, 40)

MARGIN, GAP, SPACE = 14, 10, 4
"""Pixels around a figure, between its panels, and between what belongs together."""
TITLE, CAPTION = 16, 13
"""Sizes of the font in pixels."""

HEAT = (0.35, 0.8)
"""Share of the colour map where it lies over an image, at the values 0 and 1."""
BRIGHTEST = 99.5
"""Percentile of a magnitude that is shown as the brightest: single pixels would darken all others."""


def figure(title: Text, panels: Sequence[np.ndarray], captions: Sequence[Text]) -> np.ndarray:
    """Returns panels of one height side by side, their captions above them, under a title; on paper, with a margin."""
    captioned = [stacked([line(text, panel.shape[1]), panel]) for text, panel in zip(captions, panels, strict=True)]
    return page(title, [beside(captioned)])


def page(title: Text, parts: Sequence[np.ndarray]) -> np.ndarray:
    """Parts of one width below each other, under a title; on paper, with a margin."""
    parts = [stacked(parts, GAP)]
    return framed(stacked([line(title, parts[0].shape[1], TITLE), *parts], 2 * SPACE))


def framed(content: np.ndarray) -> np.ndarray:
    """An image with the margin of a figure around it."""
    height, width = content.shape[:2]
    paper = np.full((height + 2 * MARGIN, width + 2 * MARGIN, 3), PAPER, np.uint8)
    paper[MARGIN:-MARGIN, MARGIN:-MARGIN] = content
    return paper


def beside(images: Sequence[np.ndarray], gap: int = GAP) -> np.ndarray:
    """Images of one height from left to right, with so many pixels of paper between them."""
    between = np.full((images[0].shape[0], gap, 3), PAPER, np.uint8)
    return np.concatenate([part for image in images for part in (between, image)][1:], axis=1)


def stacked(images: Sequence[np.ndarray], gap: int = SPACE) -> np.ndarray:
    """Images of one width from top to bottom, with so many pixels of paper between them."""
    between = np.full((gap, images[0].shape[1], 3), PAPER, np.uint8)
    return np.concatenate([part for image in images for part in (between, image)][1:], axis=0)


def line(text: Text, width: int, size: int = CAPTION) -> np.ndarray:
    """(H, width, 3): one line of text on paper, its height by the font's size alone. What is too long ends in "…"."""
    font = _font(size)
    canvas = Image.new("RGB", (width, round(1.4 * size)), PAPER)
    draw, x = ImageDraw.Draw(canvas), 0.0
    for part, colour in [(text, INK)] if isinstance(text, str) else text:
        words = re.sub(r"\s+", " ", part)
        fitting = _fitting(words, width - x, font)
        draw.text((x, 0.1 * size), fitting, fill=colour, font=font)
        x += font.getlength(fitting)
        if fitting != words:
            break
    return np.asarray(canvas)


def verdict(right: bool, guess: str) -> tuple[str, Colour]:
    """Returns a span of a title: that the class is right, or the class that was predicted instead."""
    return ("class right", TRUE) if right else (f"taken for {guess}", FOUND)


def share(value: float) -> str:
    """A share in whole percent; a NaN, of nothing at all, is "-"."""
    return "-" if np.isnan(value) else f"{100 * value:.0f} %"


def scaled(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """The image or map (H, W) in another size: averaged where it shrinks, interpolated linearly where it grows."""
    shrinks = width < image.shape[1] and height < image.shape[0]
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def colours(values: np.ndarray) -> np.ndarray:
    """(H, W, 3): values in [0, 1] in the colour map magma, from black over purple and orange to light yellow."""
    steps = np.rint(255 * np.nan_to_num(values, posinf=1).clip(0, 1)).astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(steps, cv2.COLORMAP_MAGMA), cv2.COLOR_BGR2RGB)


def overlay(image: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The colours of values (H, W) in [0, 1] over an image of their size, which shows through in grey."""
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    opacity = np.interp(values, (0, 1), HEAT)[..., None]
    return np.rint(opacity * colours(values) + (1 - opacity) * grey).astype(np.uint8)


def magnitude(values: np.ndarray, width: int, height: int) -> np.ndarray:
    """(height, width, 3): the colours of magnitudes (H, W) >= 0, from 0 to their percentile `BRIGHTEST`."""
    values = np.nan_to_num(values, posinf=0)
    top = float(np.percentile(values, BRIGHTEST)) or float(values.max())
    return colours(scaled((values / top if top > 0 else values).astype(np.float32), width, height))


def outline(image: np.ndarray, box: Iterable[float], colour: Colour, width: int = 2) -> None:
    """Draw a box x0 y0 x1 y1 in place, in continuous pixels: a line within it; what lies outside the image is left out.

    Fractions of a pixel widen the box to whole ones.
    """
    x0, y0, x1, y1 = box
    left, top, right, bottom = (int(edge) for edge in (np.floor(x0), np.floor(y0), np.ceil(x1), np.ceil(y1)))
    rows, columns = np.arange(image.shape[0])[:, None], np.arange(image.shape[1])

    def within(inset: int) -> np.ndarray:
        across = (columns >= left + inset) & (columns < right - inset)
        return (rows >= top + inset) & (rows < bottom - inset) & across

    image[within(0) & ~within(width)] = colour


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def _fitting(text: str, width: float, font: ImageFont.FreeTypeFont) -> str:
    """The text, or as much of it with "…" behind as is at most so wide."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…" if text else ""
