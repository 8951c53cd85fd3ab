"""Pictures of what methods train on: synthetic samples with the region that each source comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from provbench.registry.base import Variant

from .content import Report, SuiteCell
from .runs import SHEET, is_sheet, run_pictures


@dataclass(frozen=True)
class Sheet:
    """A picture of a method's synthetic samples. path, href: of the picture and of its run, in the site."""

    task: str
    method: str
    maker: str
    """The synthesizer or augmentation."""
    variant: Variant
    path: str
    href: str


def sheets(report: Report) -> list[Sheet]:
    """Returns the pictures of the first run of each cell that has any, in the order of the cells."""
    return [sheet for cell in report.cells for sheet in _of_cell(report, cell)]


def _of_cell(report: Report, cell: SuiteCell) -> Iterator[Sheet]:
    for run in cell.runs:
        found = {file.stem: path for file, path in run_pictures(report, run.key).items() if is_sheet(file.stem)}
        if found:
            for stem, path in found.items():
                maker = stem.removeprefix(SHEET)
                yield Sheet(cell.title, cell.label, maker, cell.variant, path, f"runs/{run.key}.html")
            return
