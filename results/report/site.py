"""Writes the site."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..figures import figure_signature
from .budget import budget
from .comparison import Section, index_script, mcnemar_script, sections
from .content import Report
from .folder import SiteFolder
from .galleries import sheets
from .illustrations import SiteFigure, figure_files, shown_figure
from .links import Links
from .methods import method_pages
from .pages import ASSETS, HERE, Pages
from .processes import shared
from .run_writer import RunToWrite, RunWriter
from .runs import run_pictures, run_signature
from .samples import samples_path
from .searches import search_pages
from .signatures import report_signature, signature
from .site_files import Files
from .tables import table_files, table_page

Progress = Callable[[int, int], None]
"""progress(done, total), called as pages are written."""


@dataclass(frozen=True)
class Site:
    """A site that was written. written, removed: how many files."""

    index: Path
    runs: int
    written: int
    removed: int


def write_site(
    report: Report, folder: Path, progress: Progress = lambda done, total: None, *, parallel: bool = False
) -> Site:
    """Write a report into a folder, or bring the report that is there up to date.

    The same report gives the same bytes. Files that did not change are left alone, and those that the report needs no
    more are removed. parallel: whether other processes may help with the pages of many runs, as `shared` describes;
    they import the main module, which must then do its work under `if __name__ == "__main__"`. Raises `UserError` where
    the folder has something else in it, or cannot be written.
    """
    return _Writer(report, folder, progress, parallel).write()


class _Writer:
    def __init__(self, report: Report, folder: Path, progress: Progress, parallel: bool) -> None:
        self.report, self.progress, self.parallel = report, progress, parallel
        self.links, self.pages, self.folder = Links(report), Pages(report), SiteFolder(folder)
        self.signatures: dict[str, str] = {}
        """Signatures of the runs, by key."""

    def write(self) -> Site:
        self.folder.write("assets", ((f"assets/{name}", HERE / "assets" / name) for name in ASSETS))
        self._write_runs()
        compared = sections(self.report, self._has_samples)
        self._write_comparisons(compared)
        of_all = report_signature(self.report, self.signatures.values())
        entries = [(section.name, section.keys) for section in compared]
        self.folder.write_once("methods", signature(of_all, entries), partial(self._methods, compared))
        self.folder.write_once("searches", of_all, self._searches)
        self.folder.write_once("list of runs", of_all, self._list_of_runs)
        self.folder.write("index", self._index(list(self._write_figures())))
        self.folder.close()
        return Site(self.folder.root / "index.html", len(self.report.runs), self.folder.written, self.folder.removed)

    def _write_runs(self) -> None:
        stale, total = list(self._stale_runs()), len(self.report.runs)
        write = RunWriter(self.report, self.folder.root)
        made = shared(write, stale) if self.parallel else map(write, stale)
        for done, (run, files) in enumerate(zip(stale, made, strict=True), start=total - len(stale)):
            self.progress(done, total)
            self.folder.take(f"runs/{run.key}", files, self.signatures[run.key])
        self.progress(total, total)

    def _stale_runs(self) -> Iterator[RunToWrite]:
        """Yields the runs whose pages are to be written, and notes down the signatures of all."""
        self.progress(0, len(self.report.runs))
        for key in self.report.runs:
            pictures = run_pictures(self.report, key)
            self.signatures[key] = run_signature(self.report, self.links, key, pictures)
            if not self.folder.keep(f"runs/{key}", self.signatures[key]):
                yield RunToWrite(key, pictures)

    def _has_samples(self, key: str) -> bool:
        return samples_path(key) in self.folder.files(f"runs/{key}")

    def _write_comparisons(self, compared: Sequence[Section]) -> None:
        for section in compared:
            runs = [self.signatures[key] for key in section.keys]
            self.folder.write_once(f"tests/{section.name}", signature(runs), partial(self._tests, section))
        page = self.pages.render("compare", "compare.html", sections=compared)
        self.folder.write("compare", [("compare.html", page), ("data/index.js", index_script(compared, self.links))])

    def _tests(self, section: Section) -> Files:
        yield section.script, mcnemar_script(section, self.report)

    def _methods(self, compared: Sequence[Section]) -> Files:
        for page in method_pages(self.report, self.links, compared):
            yield page.href, self.pages.render("method", page.href, page=page, links=self.links)

    def _searches(self) -> Files:
        for page in search_pages(self.report, self.links):
            yield page.href, self.pages.render("search", page.href, page=page)

    def _list_of_runs(self) -> Files:
        shared = {"links": self.links, "budget": budget(self.report, self.links)}
        yield "runs.html", self.pages.render("runs", "runs.html", **shared)

    def _write_figures(self) -> Iterator[SiteFigure]:
        for name, figure in self.report.figures.items():
            part = f"figures/{name}"
            self.folder.write_once(part, signature(figure_signature(figure)), partial(figure_files, name, figure))
            yield shown_figure(name, figure, self.folder.root)

    def _index(self, figures: Sequence[SiteFigure]) -> Files:
        tables = [table_page(name, table, self.links.rows[name]) for name, table in self.report.tables.items()]
        for table in tables:
            yield from table_files(table)
        yield "suite.yaml.txt", self.report.source
        shared = {"links": self.links, "budget": budget(self.report, self.links)}
        yield (
            "index.html",
            self.pages.render(
                "index", "index.html", tables=tables, figures=figures, sheets=sheets(self.report), **shared
            ),
        )
