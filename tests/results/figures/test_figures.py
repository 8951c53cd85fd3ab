"""What the figures show, read back from matplotlib."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest
from matplotlib.collections import Collection, LineCollection

from provbench.results import Summary
from provbench.results.figures import convergence_figure, cost_figure, sweep_figure
from provbench.results.figures.cost import pareto_front


def curve(*values: float) -> list[dict[str, float]]:
    return [{"epoch": epoch, "m": value} for epoch, value in enumerate(values, start=1)]


def segments(bars: Collection) -> list[np.ndarray]:
    assert isinstance(bars, LineCollection)
    return [np.asarray(segment) for segment in bars.get_segments()]


class TestConvergence:
    def test_a_line_is_the_mean_over_seeds_in_a_band_of_one_standard_deviation(self) -> None:
        figure = convergence_figure({"a": [curve(1, 2), curve(3, 6)]}, "m", "title")
        (axes,) = figure.axes
        (line,) = axes.get_lines()
        assert np.asarray(line.get_xydata()).tolist() == [[1, 2], [2, 4]]
        corners = np.asarray(axes.collections[0].get_paths()[0].vertices)
        spread = 2**0.5  # of 1 and 3
        assert corners[:, 1].min() == pytest.approx(min(2 - spread, 4 - 2 * spread))
        assert corners[:, 1].max() == pytest.approx(4 + 2 * spread)

    def test_what_is_not_finite_is_left_out_of_the_mean(self) -> None:
        figure = convergence_figure({"a": [curve(1, nan), curve(3, 6)], "b": [curve(nan, nan)]}, "m")
        (line,) = figure.axes[0].get_lines()
        assert np.asarray(line.get_xydata()).tolist() == [[1, 2], [2, 6]]

    def test_methods_are_in_the_legend_and_epochs_are_whole(self) -> None:
        figure = convergence_figure({"a": [curve(1, 2)], "b": [curve(2, 3)]}, "m")
        legend = figure.axes[0].get_legend()
        assert legend is not None
        assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]
        assert all(tick == int(tick) for tick in figure.axes[0].get_xticks())

    def test_a_single_epoch_is_a_point(self) -> None:
        (line,) = convergence_figure({"a": [curve(1)]}, "m").axes[0].get_lines()
        assert line.get_marker() == "."

    def test_of_nothing(self) -> None:
        assert convergence_figure({}, "m").axes[0].get_lines() == []


class TestCost:
    def test_a_point_is_the_mean_with_a_standard_deviation_either_way(self) -> None:
        figure = cost_figure({"a": (Summary.of([1, 3]), Summary.of([60, 64]))}, "s", "%")
        (axes,) = figure.axes
        (point,) = [line for line in axes.get_lines() if line.get_marker() == "o"]
        assert np.asarray(point.get_xydata()).tolist() == [[2, 62]]
        (across,), (along,) = map(segments, axes.collections)
        assert (across[1] - across[0]).tolist() == pytest.approx([2 * 2**0.5, 0])
        assert (along[1] - along[0]).tolist() == pytest.approx([0, 4 * 2**0.5])

    def test_the_axis_of_costs_begins_at_zero(self) -> None:
        figure = cost_figure({"a": (Summary.of([5, 6]), Summary.of([60, 64]))}, "s", "%")
        assert figure.axes[0].get_xlim()[0] == 0

    def test_one_seed_has_no_bars(self) -> None:
        figure = cost_figure({"a": (Summary.of([5]), Summary.of([60]))}, "s", "%")
        assert list(figure.axes[0].collections) == []


class TestSweep:
    def test_points_in_order_with_student_s_interval(self) -> None:
        points = {0.1: Summary.of([60, 62, 64]), 0.01: Summary.of([50, 51, 52])}
        (axes,) = sweep_figure(points, "alpha", "accuracy").axes
        assert np.asarray(axes.get_lines()[0].get_xydata()).tolist() == [[0.01, 51], [0.1, 62]]
        bars = segments(axes.collections[0])
        for segment, value in zip(bars, (0.01, 0.1), strict=True):
            interval = points[value].interval()
            assert interval is not None
            assert segment[:, 1].tolist() == pytest.approx([interval.low, interval.high])

    @pytest.mark.parametrize(
        ("values", "scale"), [((0.01, 1.0), "log"), ((0.1, 1.0), "linear"), ((0.0, 1.0), "linear")]
    )
    def test_the_axis_is_logarithmic_where_values_span_more_than_a_decade(
        self, values: tuple[float, ...], scale: str
    ) -> None:
        figure = sweep_figure({value: Summary.of([60, 61]) for value in values}, "alpha", "m")
        assert figure.axes[0].get_xscale() == scale

    @pytest.mark.parametrize(
        ("values", "scale"), [((0.1, 0.3), "log"), ((0.0, 0.1, 0.3), "symlog"), ((-1.0, 0.1), "linear")]
    )
    def test_a_parameter_that_is_searched_logarithmically_has_such_an_axis(
        self, values: tuple[float, ...], scale: str
    ) -> None:
        (axes,) = sweep_figure({value: Summary.of([60, 61]) for value in values}, "alpha", "m", log=True).axes
        assert axes.get_xscale() == scale
        if scale != "linear":
            assert [tick.get_text() for tick in axes.get_xticklabels()] == [f"{value:g}" for value in values]

    def test_the_method_without_the_parameter_is_a_level_line(self) -> None:
        points = {0.1: Summary.of([60, 62]), 0.2: Summary.of([61, 62])}
        (axes,) = sweep_figure(points, "alpha", "m", reference=("CutMix", Summary.of([58, 60]))).axes
        (level,) = [line for line in axes.get_lines() if line.get_linestyle() == "--"]
        assert np.asarray(level.get_ydata()).tolist() == [59, 59]
        legend = axes.get_legend()
        assert legend is not None
        assert legend.get_texts()[0].get_text() == "CutMix"


@pytest.mark.parametrize(
    ("higher_is_better", "front"),
    [(True, [(1.0, 60.0), (2.0, 70.0), (4.0, 75.0)]), (False, [(1.0, 60.0), (3.0, 50.0)])],
)
def test_the_front_is_what_nothing_cheaper_beats(higher_is_better: bool, front: list[tuple[float, float]]) -> None:
    points = [(4.0, 75.0), (2.0, 65.0), (1.0, 60.0), (2.0, 70.0), (3.0, 50.0), (5.0, 75.0)]
    assert pareto_front(points, higher_is_better) == front
