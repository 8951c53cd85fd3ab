from __future__ import annotations

from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

from provbench.results.statistics import (
    Ranks,
    TaskScores,
    critical_difference_diagram,
    inseparable_groups,
    rank_methods,
)

pytestmark = pytest.mark.filterwarnings("error")


def ranks_of(names: list[str], tasks: int = 12) -> Ranks:
    rng = np.random.default_rng(0)
    ranks = rank_methods(
        [TaskScores(f"t{i}", {name: j + rng.normal() for j, name in enumerate(names)}) for i in range(tasks)]
    )
    assert ranks is not None
    return ranks


def texts(figure: Figure) -> list[str]:
    return [text.get_text().strip() for text in figure.axes[0].texts]


def bars(figure: Figure) -> list[tuple[float, float]]:
    """The ends of the bars below the axis."""
    lines = [np.asarray(line.get_xydata()) for line in figure.axes[0].lines if line.get_linewidth() == 3]
    return sorted((float(line[:, 0].min()), float(line[:, 0].max())) for line in lines)


def draw(figure: Figure) -> None:
    """As a picture, and as a document that must be well formed."""
    figure.savefig(BytesIO(), format="png")
    document = BytesIO()
    figure.savefig(document, format="svg")
    assert ElementTree.fromstring(document.getvalue()).tag.endswith("svg")


def test_methods_and_their_mean_ranks_are_there(demsar: Ranks) -> None:
    figure = critical_difference_diagram(demsar, title="AUC")
    found = texts(figure)
    assert {"C4.5+m+cf  1.96", "C4.5+m  2.00", "2.89  C4.5+cf", "3.14  C4.5"} <= set(found)
    assert "critical difference 1.25 (14 tasks, α = 0.05)" in found
    assert figure.axes[0].get_xlim() == (1, 4)
    draw(figure)


@pytest.mark.parametrize("alpha", [0.05, 0.10])
def test_bars_are_the_groups(demsar: Ranks, alpha: float) -> None:
    figure = critical_difference_diagram(demsar, alpha=alpha)
    expected = [(demsar.mean[group[0]], demsar.mean[group[-1]]) for group in inseparable_groups(demsar, alpha)]
    assert np.array(bars(figure)) == pytest.approx(np.array(expected))


def test_hostile_names_are_shown_as_they_are() -> None:
    names = ["$\\frac{", "$x$", "{0} %s {label}", "<b onload=x>&amp;"]
    figure = critical_difference_diagram(ranks_of(names), title="$\\frac{")
    assert all(any(name in text for text in texts(figure)) for name in names)
    draw(figure)


def test_long_names_are_cut() -> None:
    figure = critical_difference_diagram(ranks_of(["x" * 500, "y"]))
    assert figure.get_size_inches()[0] < 11
    assert any(text.count("x") == 40 for text in texts(figure))


@pytest.mark.parametrize(("methods", "tasks"), [(2, 1), (3, 2), (25, 10)])
def test_every_size_can_be_drawn(methods: int, tasks: int) -> None:
    draw(critical_difference_diagram(ranks_of([f"m{i}" for i in range(methods)], tasks)))


def test_too_few_tasks_say_so() -> None:
    figure = critical_difference_diagram(ranks_of(["a", "b", "c"], 1))
    assert "critical difference 3.31 (1 task, α = 0.05): no two can differ" in texts(figure)


def test_ties_everywhere() -> None:
    ranks = rank_methods([TaskScores("t", {"a": 1.0, "b": 1.0, "c": 1.0})])
    assert ranks is not None
    draw(critical_difference_diagram(ranks))


def test_pyplot_knows_nothing_of_it(demsar: Ranks) -> None:
    before = pyplot.get_fignums()
    critical_difference_diagram(demsar)
    assert pyplot.get_fignums() == before
