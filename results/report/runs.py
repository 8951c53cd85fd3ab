"""The page of a run: everything that its record says, its pictures and its predictions."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup, escape

from provbench.registry.base import file_name, leaves

from ..store import RunRecord, columns_csv
from .charts import Chart
from .content import Report, Samples
from .curves import curve_charts
from .links import Appearance, Links
from .samples import SPLITS, SampleTable, pictured, sample_table, samples_path, samples_script, with_names
from .signatures import signature
from .site_files import Content
from .words import number, value_text

SHEET = "provenance-"
"""Prefix of the names of pictures that show what a run was trained on."""


@dataclass(frozen=True)
class Neighbour:
    """Another seed of the same method."""

    seed: int
    href: str | None
    """None for the run itself."""


@dataclass(frozen=True)
class RunPage:
    """A run."""

    href: str
    run: RunRecord
    label: str
    """Label of the run's method in this suite."""
    title: str
    """Title of the run's task."""
    protocols: Sequence[str]
    """Protocols that chose the run."""
    appearances: Sequence[Appearance]
    neighbours: Sequence[Neighbour]
    charts: Sequence[Chart]
    curve_header: Sequence[str]
    curve: Sequence[Sequence[str]]
    metrics: Sequence[tuple[str, float | None, float | None]]
    """Name, val, test."""
    parameters: Sequence[tuple[str, str]]
    identity: Sequence[tuple[str, str]]
    pictures: Sequence[tuple[str, str]]
    """Name, path in the site."""
    sheets: Sequence[tuple[str, str]]
    """Likewise, of what the run was trained on."""
    samples: Sequence[SampleTable]
    commands: Sequence[str]

    def seed_links(self, root: str) -> Markup:
        """Returns the seeds of the method, each a link to its run. There may be a hundred, on each of their pages."""
        links = (
            f"<strong>{one.seed}</strong>" if one.href is None else f'<a href="{root}{escape(one.href)}">{one.seed}</a>'
            for one in self.neighbours
        )
        return Markup(f"{', '.join(links)}.")


def run_samples(report: Report, key: str) -> dict[str, Samples]:
    """Returns a run's predictions by split, as far as there are any."""
    return {split: found for split in SPLITS if (found := report.samples(key, split)) is not None}


def run_files(
    report: Report, page: RunPage, samples: Mapping[str, Samples], pictures: Mapping[Path, str]
) -> Iterator[tuple[str, Content]]:
    """Yields the files that accompany a run's page. samples: as `run_samples` returns them."""
    key = page.run.key
    for file, path in pictures.items():
        yield path, file
    for table in page.samples:
        yield table.download, columns_csv(samples[table.split])
    if "test" in samples:
        shown = with_names(samples["test"], _classes(report, key))
        yield samples_path(key), samples_script(key, shown, pictured(samples["test"], pictures))


def run_pictures(report: Report, key: str) -> dict[Path, str]:
    """Returns the path, in the site, of each of a run's pictures."""
    return {file: f"pictures/{key}/{file_name(file.stem)}.png" for file in sorted(report.pictures(key))}


def run_page(
    report: Report, links: Links, key: str, samples: Mapping[str, Samples], pictures: Mapping[Path, str]
) -> RunPage:
    """The page of a run. samples: as `run_samples` returns them."""
    run, cell = report.runs[key], report.cells_by_run.get(key)
    header = list(dict.fromkeys(name for entry in run.curve for name in entry))
    header = [name for name in header if name == "epoch"] + [name for name in header if name != "epoch"]
    protocols = [] if cell is None else [one for one in cell.selections if key in _keys(one.runs)]
    tables = [
        sample_table(with_names(found, _classes(report, key)), split, f"data/{key}.{split}.csv")
        for split, found in samples.items()
    ]
    return RunPage(
        href=f"runs/{key}.html",
        run=run,
        label=cell.label if cell else run.method,
        title=cell.title if cell else run.task,
        protocols=[one.protocol for one in protocols],
        appearances=links.appearances.get(key, ()),
        neighbours=_neighbours(protocols[0].runs, key, links) if protocols else (),
        charts=curve_charts({"": run.curve}, protocols[0].metric if protocols else ""),
        curve_header=header,
        curve=[[number(entry.get(name)) for name in header] for entry in run.curve],
        metrics=[(name, run.val.get(name), run.test.get(name)) for name in dict.fromkeys([*run.test, *run.val])],
        parameters=_parameters(run),
        identity=[(name, value_text(value)) for name, value in leaves(run.identity)] if run.identity else (),
        pictures=[(file.stem, path) for file, path in pictures.items() if not is_sheet(file.stem)],
        sheets=[(file.stem, path) for file, path in pictures.items() if is_sheet(file.stem)],
        samples=tables,
        commands=_commands(report, key),
    )


def run_signature(report: Report, links: Links, key: str, pictures: Mapping[Path, str]) -> str:
    """Returns a digest of everything that decides a run's page and its accompanying files.

    The predictions of a finished run never change, so its record stands for them.
    """
    cell = report.cells_by_run.get(key)
    return signature(
        report.runs[key].model_dump_json(),
        [(str(path), file.stat().st_size, file.stat().st_mtime_ns) for file, path in pictures.items()],
        links.appearances.get(key, ()),
        cell
        and (cell.label, cell.title, tuple(cell.classes), [(one.protocol, _keys(one.runs)) for one in cell.selections]),
        report.variant_of(report.runs[key]),
        report.suite,
        report.options,
    )


def _parameters(run: RunRecord) -> list[tuple[str, str]]:
    """Returns the parameters, and the weights that were calibrated, by name."""
    named = {**run.parameters, **{f"{name} (calibrated)": value for name, value in run.calibrated.items()}}
    return [(name, value_text(named[name])) for name in sorted(named, key=str.lower)]


def _classes(report: Report, key: str) -> Sequence[str]:
    """Returns the names of the classes of a run's task, where a cell of the suite knows them."""
    cell = report.cells_by_run.get(key)
    return cell.classes if cell is not None else report.classes_of_task.get(report.runs[key].task, ())


def _keys(runs: Mapping[int, RunRecord]) -> list[str]:
    return [run.key for run in runs.values()]


def _neighbours(runs: Mapping[int, RunRecord], key: str, links: Links) -> list[Neighbour]:
    return [Neighbour(seed, None if run.key == key else links.run(run.key)) for seed, run in sorted(runs.items())]


def _commands(report: Report, key: str) -> list[str]:
    """Returns the commands that repeat and show the run. Only training needs the data and plugins."""
    where = [option for option in report.options if option[0] == "--out"]
    return [_command("replay", key, report.options), _command("show", key, where), _command("why", key, where)]


def _command(name: str, key: str, options: Sequence[tuple[str, str]]) -> str:
    return shlex.join(["provbench", name, key, *(text for option in options for text in option)])


def is_sheet(name: str) -> bool:
    """Returns whether a run's picture of that name shows what it was trained on."""
    return name.startswith(SHEET)
