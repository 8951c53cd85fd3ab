"""Two methods sample by sample: what the page of comparisons chooses among, and which differences are no chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provbench.registry.base import file_name

from ..statistics import mcnemar_tests
from ..store import RunRecord
from .content import Report, Samples, SuiteCell
from .links import Links, entry_name
from .scripts import call

if TYPE_CHECKING:
    import numpy as np

SPLIT = "test"


@dataclass(frozen=True)
class ComparedMethod:
    """A method as one selection protocol chose it, with its finished runs by seed."""

    name: str
    label: str
    runs: dict[int, RunRecord]


@dataclass(frozen=True)
class Section:
    """The methods of a task that can be compared, two at least."""

    name: str
    title: str
    entries: Sequence[ComparedMethod]

    @property
    def script(self) -> str:
        """Path, in the site, of the script that holds its tests."""
        return f"data/{file_name('tests', self.name)}.js"

    @property
    def keys(self) -> list[str]:
        return list(dict.fromkeys(run.key for entry in self.entries for run in entry.runs.values()))


def sections(report: Report, has_samples: Callable[[str], bool]) -> list[Section]:
    """Returns a section for each task section of the suite. has_samples: tells, for a run's key, if it has
    predictions.
    """
    cells: dict[str, list[SuiteCell]] = {}
    for cell in report.cells:
        cells.setdefault(cell.section, []).append(cell)
    titles = Counter(of[0].title for of in cells.values())
    found = []
    for name, of in cells.items():
        title = of[0].title if titles[of[0].title] == 1 else f"{of[0].title} ({name})"
        found.append(Section(name, title, [entry for cell in of for entry in _entries(cell, has_samples)]))
    return [section for section in found if len(section.entries) > 1]


def index_script(found: Sequence[Section], links: Links) -> str:
    """Returns the script that lists the comparisons on offer."""
    return call("provbench.sections", [_section(section, links) for section in found])


def mcnemar_script(section: Section, report: Report) -> str:
    """McNemar's test of every two runs of one seed, for each column that says right or wrong."""
    return call("provbench.tests", {"section": section.name, "tests": list(_tests(section, report))})


def _entries(cell: SuiteCell, has_samples: Callable[[str], bool]) -> Iterator[ComparedMethod]:
    """Yields the methods of a cell; of protocols that chose the same runs, only the first."""
    seen: set[frozenset[str]] = set()
    for selection in cell.selections:
        done = {seed: run for seed, run in selection.runs.items() if run.status == "done"}
        runs = {seed: run for seed, run in done.items() if has_samples(run.key)}
        keys = frozenset(run.key for run in runs.values())
        if keys and keys not in seen:
            label = cell.label if not seen else f"{cell.label} ({selection.protocol})"
            seen.add(keys)
            yield ComparedMethod(entry_name(cell.method, selection.protocol), label, runs)


def _section(section: Section, links: Links) -> dict[str, Any]:
    entries = [
        {
            "name": entry.name,
            "label": entry.label,
            "runs": [
                {"seed": seed, "key": run.key, "page": links.run(run.key)} for seed, run in sorted(entry.runs.items())
            ],
        }
        for entry in section.entries
    ]
    return {"name": section.name, "title": section.title, "entries": entries, "tests": section.script}


def _tests(section: Section, report: Report) -> Iterator[list[Any]]:
    """[key, other key, column, only the first right, only the second right, p]."""
    for seed in sorted({seed for entry in section.entries for seed in entry.runs}):
        keys = dict.fromkeys(run.key for entry in section.entries if (run := entry.runs.get(seed)) is not None)
        samples = {key: found for key in keys if (found := report.samples(key, SPLIT)) is not None}
        places = {key: place for place, key in enumerate(samples)}
        found = [test for alike in _comparable(samples) for test in _tests_of(*alike)]
        yield from sorted(found, key=lambda test: (places[test[0]], places[test[1]]))


def _comparable(samples: Mapping[str, Samples]) -> Iterator[tuple[str, list[str], np.ndarray]]:
    """The columns that say right or wrong, each with the runs that have it on the same samples: (runs, samples)."""
    import numpy as np

    groups: dict[tuple[str, int, tuple[Any, ...] | None], dict[str, np.ndarray]] = {}
    for key, of in samples.items():
        for column, values in _right_or_wrong(of).items():
            groups.setdefault((column, len(values), _ids(of)), {})[key] = values
    for (column, _, _), runs in groups.items():
        yield column, list(runs), np.stack(list(runs.values()))


def _tests_of(column: str, keys: Sequence[str], runs: np.ndarray) -> Iterator[list[Any]]:
    for (i, j), test in mcnemar_tests(runs).items():
        yield [keys[i], keys[j], column, test.only_ours, test.only_theirs, float(f"{test.p_value:.6g}")]


def _right_or_wrong(samples: Samples) -> dict[str, np.ndarray]:
    return {name: column for name, column in samples.items() if column.dtype.kind == "b" and column.ndim == 1}


def _ids(samples: Samples) -> tuple[Any, ...] | None:
    return tuple(samples["id"].tolist()) if "id" in samples else None
