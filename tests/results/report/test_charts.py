from __future__ import annotations

import re
from math import inf, nan
from xml.etree import ElementTree

import pytest
from hypothesis import given, strategies as st

from provbench.results.report.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Chart, Series

numbers = st.floats(-1e9, 1e9) | st.just(nan) | st.just(inf)
points = st.lists(st.tuples(st.integers(0, 100).map(float), numbers), max_size=8)


def paths(chart: Chart) -> list[str]:
    return re.findall(r'class="line[^"]*" d="([^"]*)"', chart.svg())


def dots(chart: Chart) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r'cx="([^"]*)" cy="([^"]*)"', chart.svg())]


def ticks(chart: Chart) -> list[str]:
    return re.findall(r'class="tick middle"[^>]*>([^<]*)<', chart.svg())


def test_the_first_and_the_last_x_are_at_the_edges_and_a_larger_y_is_higher() -> None:
    (low, middle, high) = dots(Chart("t", "x", [Series("s", [(1, 0), (2, 5), (3, 10)])]))
    assert low[0] == LEFT
    assert high[0] == WIDTH - RIGHT
    assert middle[0] == pytest.approx((LEFT + WIDTH - RIGHT) / 2, abs=0.1)
    assert TOP < high[1] < middle[1] < low[1] < HEIGHT - BOTTOM
    assert middle[1] == pytest.approx((low[1] + high[1]) / 2, abs=0.1)


def test_a_value_that_is_not_finite_breaks_the_line() -> None:
    series = Series("s", [(1, 1), (2, 2), (3, nan), (4, 2), (5, inf), (6, 1), (7, 1)])
    chart = Chart("t", "x", [series])
    assert len(paths(chart)) == 2  # the point between two gaps has no line
    assert len(dots(chart)) == 5


def test_steps_keep_their_height_until_the_next_point() -> None:
    (path,) = paths(Chart("t", "x", [Series("s", [(0, 0), (1, 1)], kind="steps")]))
    assert re.fullmatch(r"M\S+ \S+H\S+V\S+", path)


def test_ticks_of_whole_numbers_are_whole() -> None:
    chart = Chart("t", "epoch", [Series("s", [(1, 1), (2, 2), (3, 3)])], whole_x=True)
    assert ticks(chart) == ["1", "2", "3", "epoch"]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.001, 10.0, ["0.001", "0.01", "0.1", "1", "10"]),
        (0.05, 2.0, ["0.1", "1"]),
        (0.02, 0.5, ["0.03", "0.1", "0.3"]),
        (2.0, 3.0, ["2", "2.2", "2.4", "2.6", "2.8", "3"]),
    ],
)
def test_ticks_of_a_logarithmic_axis(low: float, high: float, expected: list[str]) -> None:
    chart = Chart("t", "lr", [Series("s", [(low, 1), (high, 2)])], log_x=True)
    assert ticks(chart)[:-1] == expected


def test_a_logarithmic_axis_has_no_place_for_zero() -> None:
    assert len(dots(Chart("t", "x", [Series("s", [(0, 1), (1, 1), (10, 1)])], log_x=True))) == 2


def test_without_a_point_there_is_no_chart() -> None:
    assert Chart("t", "x", [Series("s", [(1, nan)]), Series("r", [])]).empty
    assert Chart("t", "x", [Series("s", [(1, nan)])]).svg() == ""


@given(st.lists(points, max_size=3))
def test_whatever_the_values_it_is_well_formed_and_inside_the_picture(series: list[list[tuple[float, float]]]) -> None:
    chart = Chart("t", "x", [Series(f"s{i}", of, tone=i) for i, of in enumerate(series)])
    if chart.empty:
        return
    ElementTree.fromstring(chart.svg())
    assert all(LEFT <= x <= WIDTH - RIGHT and TOP <= y <= HEIGHT - BOTTOM for x, y in dots(chart))
    assert "nan" not in chart.svg()


def test_names_are_text() -> None:
    svg = Chart('"><script>', "<x>", [Series("<img onerror=1>", [(1, 1)])]).svg()
    document = ElementTree.fromstring(svg)
    assert document.attrib["aria-label"].startswith('"><script> over <x>: <img onerror=1>')
    assert "<script" not in svg
    assert "<img" not in svg
