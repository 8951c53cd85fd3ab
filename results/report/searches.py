"""The page of a cell's search: every trial, what it was, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import Any

from provbench.registry.base import merit

from .charts import Chart, Series
from .content import Report, Search, SuiteCell, Trial
from .links import Links
from .words import value_text

FACTOR = 20.0
"""Ratio of a parameter's values from which on its axis is logarithmic."""


@dataclass(frozen=True)
class TrialLine:
    """A trial. parameters: as text, in the order of the page; chosen_by: protocols."""

    trial: Trial
    parameters: Sequence[str]
    chosen_by: Sequence[str]
    href: str | None


@dataclass(frozen=True)
class SearchPage:
    """A search."""

    href: str
    cell: SuiteCell
    search: Search
    parameters: Sequence[str]
    lines: Sequence[TrialLine]
    charts: Sequence[Chart]
    method: str | None
    """The page of what came of it."""


def search_pages(report: Report, links: Links) -> Iterator[SearchPage]:
    """A page for every cell that searches."""
    for cell in report.cells:
        href = links.search(cell)
        if cell.search is not None and href is not None:
            yield _page(cell, cell.search, href, links)


def _page(cell: SuiteCell, search: Search, href: str, links: Links) -> SearchPage:
    names = list(dict.fromkeys([*search.space, *(name for trial in search.trials for name in trial.parameters)]))
    lines = [
        TrialLine(
            trial,
            [value_text(trial.parameters[name]) if name in trial.parameters else "–" for name in names],
            _chosen_by(cell, trial),
            links.run(trial.key),
        )
        for trial in search.trials
    ]
    return SearchPage(href, cell, search, names, lines, list(_charts(search, names)), links.method(cell))


def _chosen_by(cell: SuiteCell, trial: Trial) -> list[str]:
    """The protocols whose choice the trial is: the first finished one with those parameters."""
    found = []
    for selection in cell.selections:
        alike = [
            other
            for other in (cell.search.trials if cell.search else ())
            if other.state == "finished" and dict(other.parameters) == dict(selection.chosen)
        ]
        if selection.chosen and alike and alike[0].number == trial.number:
            found.append(selection.protocol)
    return found


def _charts(search: Search, names: Sequence[str]) -> Iterator[Chart]:
    finished = [(trial, trial.value) for trial in search.trials if trial.value is not None]
    points = [(float(trial.number), value) for trial, value in finished]
    best = accumulate(
        (value for _, value in points), partial(max, key=partial(merit, higher_is_better=search.higher_is_better))
    )
    steps = [(x, y) for (x, _), y in zip(points, best, strict=True)]
    series = [Series("trial", points, 0, "dots"), Series("best so far", steps, 1, "steps")]
    yield Chart(f"{search.metric} (val)", "trial", series, whole_x=True)
    for name in names:
        pairs = [(x, value) for trial, value in finished if (x := _number(trial.parameters, name)) is not None]
        if len({x for x, _ in pairs}) > 1:
            low, high = min(x for x, _ in pairs), max(x for x, _ in pairs)
            log = low > 0 and (high >= FACTOR * low or "logarithmic" in search.space.get(name, ""))
            yield Chart(f"{search.metric} (val) by {name}", name, [Series("trial", pairs, 0, "dots")], log_x=log)


def _number(parameters: Mapping[str, Any], name: str) -> float | None:
    value = parameters.get(name)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
