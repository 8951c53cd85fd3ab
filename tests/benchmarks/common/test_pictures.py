"""Figures, pixel by pixel where it matters, and by their sizes."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, strategies as st
from matplotlib import colormaps

from provbench.benchmarks.common.pictures import (
    CAPTION,
    FOUND,
    GAP,
    HEAT,
    INK,
    MARGIN,
    PAPER,
    SPACE,
    TITLE,
    TRUE,
    beside,
    colours,
    figure,
    line,
    magnitude,
    outline,
    overlay,
    scaled,
    share,
    stacked,
    verdict,
)
from provbench.registry.base import free_name


def filled(height: int, width: int, value: int = 100) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def is_colour(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (image == np.array(colour)).all(axis=-1)


def test_panels_stand_beside_each_other_under_captions_and_a_title() -> None:
    panels = [filled(50, 120, 40), filled(50, 80, 90)]
    picture = figure("a title", panels, ["one", ""])

    height, width = MARGIN + round(1.4 * TITLE) + 2 * SPACE + round(1.4 * CAPTION) + SPACE, 120 + GAP + 80
    assert picture.shape == (height + 50 + MARGIN, width + 2 * MARGIN, 3)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture[height : height + 50, MARGIN : MARGIN + 120], panels[0])
    np.testing.assert_array_equal(picture[height : height + 50, MARGIN + 120 + GAP : -MARGIN], panels[1])
    for edge in (picture[:MARGIN], picture[-MARGIN:], picture[:, :MARGIN], picture[:, -MARGIN:]):
        assert is_colour(edge, PAPER).all()
    title, captions = picture[MARGIN : MARGIN + TITLE], picture[height - SPACE - CAPTION : height - SPACE]
    assert (title < 100).any()
    assert (captions[:, : MARGIN + 120] < 100).any()
    assert is_colour(captions[:, MARGIN + 120 :], PAPER).all()


def test_images_are_joined_with_paper_between() -> None:
    row = beside([filled(4, 3, 10), filled(4, 5, 20)], gap=2)
    column = stacked([filled(3, 4, 10), filled(5, 4, 20)], gap=2)

    expected = [10] * 3 + [255] * 2 + [20] * 5
    assert row[0, :, 0].tolist() == column[:, 0, 0].tolist() == expected
    np.testing.assert_array_equal(beside([row]), row)


def test_spans_of_a_line_have_their_colours_in_order() -> None:
    text = line([("green ", TRUE), ("red", FOUND)], 200)
    columns = [np.flatnonzero(is_colour(text, colour).any(axis=0)) for colour in (TRUE, FOUND)]

    assert text.shape == (round(1.4 * CAPTION), 200, 3)
    assert len(columns[0])
    assert len(columns[1])
    assert columns[0].max() < columns[1].min()


@pytest.mark.parametrize("width", [1, 20, 60, 200])
def test_what_is_too_long_is_cut_at_the_end(width: int) -> None:
    long = line([("word " * 50, INK), ("more", TRUE)], width)

    assert long.shape == line("", width).shape
    assert not is_colour(long, TRUE).any()
    if width > 20:
        np.testing.assert_array_equal(long[:, : width // 3], line("word " * 50, 5 * width)[:, : width // 3])
        assert not np.array_equal(long, line("word " * 50, 5 * width)[:, :width])


@given(st.text())
def test_any_text_is_one_line(text: str) -> None:
    assert line(text, 50).shape == (round(1.4 * CAPTION), 50, 3)


def test_a_right_class_is_green_and_a_wrong_one_names_the_guess() -> None:
    assert verdict(True, "crow") == ("class right", TRUE)
    assert verdict(False, "crow") == ("taken for crow", FOUND)


@pytest.mark.parametrize(("value", "text"), [(0.0, "0 %"), (0.456, "46 %"), (1.0, "100 %"), (float("nan"), "-")])
def test_shares(value: float, text: str) -> None:
    assert share(value) == text


def test_the_colour_map_is_matplotlibs() -> None:
    values = np.linspace(0, 1, 256)[None]
    expected = np.asarray(colormaps["magma"](values))[..., :3] * 255

    assert np.abs(colours(values) - expected).max() <= 2
    edges = colours(np.array([[-1.0, np.nan, 0.0], [2.0, np.inf, 1.0]]))
    assert (edges == edges[:, 2:]).all()
    luminance = colours(values)[0] @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(luminance) > -1).all()


def test_an_overlay_is_the_stronger_the_higher_the_value() -> None:
    image = np.random.default_rng(0).integers(0, 256, (6, 6, 3)).astype(np.uint8)
    grey = image @ (0.299, 0.587, 0.114)
    for value, opacity in zip((0.0, 1.0), HEAT, strict=True):
        expected = opacity * colours(np.full((6, 6), value)) + (1 - opacity) * grey[..., None]
        assert np.abs(overlay(image, np.full((6, 6), value)) - expected).max() <= 1


def test_magnitudes_are_shown_up_to_their_brightest() -> None:
    values = np.zeros((20, 20))
    values[3:9, 5:8] = 7.0
    shown = magnitude(values, 40, 40)

    assert is_colour(shown[8:16, 12:14], tuple(colours(np.ones((1, 1)))[0, 0].tolist())).all()
    assert is_colour(shown[20:], tuple(colours(np.zeros((1, 1)))[0, 0].tolist())).all()
    np.testing.assert_array_equal(magnitude(1000 * values, 40, 40), shown)
    assert magnitude(np.zeros((4, 4)), 8, 8).max() < 10
    values[0, 0] = 1e9  # one pixel of many darkens no other
    np.testing.assert_array_equal(magnitude(values, 40, 40)[8:], shown[8:])
    assert (magnitude(np.full((4, 4), np.nan), 4, 4) == magnitude(np.zeros((4, 4)), 4, 4)).all()


def test_scaling_averages_and_interpolates() -> None:
    board = np.indices((8, 8)).sum(axis=0).astype(np.float32) % 2

    np.testing.assert_allclose(scaled(board, 2, 2), 0.5)
    assert scaled(filled(3, 5), 50, 30).shape == (30, 50, 3)
    assert (scaled(filled(3, 5), 50, 30) == 100).all()


def test_a_box_is_a_line_within_its_edges() -> None:
    image = filled(40, 60)
    outline(image, (10, 5, 30, 25), TRUE)

    expected = np.zeros((40, 60), bool)
    expected[5:25, 10:30] = True
    expected[7:23, 12:28] = False
    np.testing.assert_array_equal(is_colour(image, TRUE), expected)
    assert (image[~expected] == 100).all()


def test_fractions_of_pixels_widen_the_box_and_the_image_cuts_it() -> None:
    image = filled(40, 60)
    outline(image, (10.6, 5.2, 29.1, 24.4), TRUE)
    rows, columns = np.nonzero(is_colour(image, TRUE))
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (10, 5, 29, 24)

    image = filled(40, 60)
    outline(image, (-8, 30, 12, 90), FOUND, width=3)
    red = is_colour(image, FOUND)
    assert red[30:33, :12].all()
    assert red[30:, 9:12].all()
    assert red.sum() == 3 * 12 + 7 * 3


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        ("004.Groove_billed_Ani/Groove_Billed_Ani_0002_1670.jpg", "004-Groove_billed_Ani-Groove_Billed_Ani_0002_1670"),
        ("Biking/v_Biking_g01_c01", "Biking-v_Biking_g01_c01"),
        ("../../etc/passwd", "etc-passwd"),
        ("<b>&\n", "b"),
        ("", "sample"),
    ],
)
def test_names_carry_the_sample(sample: str, name: str) -> None:
    assert free_name(sample) == name


@given(st.lists(st.text(max_size=120), max_size=6))
def test_names_are_safe_and_distinct(samples: list[str]) -> None:
    names: list[str] = []
    for sample in samples:
        names.append(free_name(sample, names))

    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,110}", name) for name in names)
    assert len({name.lower() for name in names}) == len(samples)
