"""Writes the page of a run and the files beside it, in this process or in another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from .content import Report
from .links import Links
from .pages import Pages
from .runs import run_files, run_page, run_samples
from .site_files import Files, SiteFiles


@dataclass(frozen=True)
class RunToWrite:
    """A run, by key, and its pictures as `run_pictures` returns them."""

    key: str
    pictures: Mapping[Path, str]


class RunWriter:
    """Called with a run, it writes the run's files and returns by path whether each was written."""

    def __init__(self, report: Report, root: Path) -> None:
        names = dict.fromkeys(report.figures)  # a page of a run says only that there are some, and figures are large
        self._report = replace(report, figures=names)  # pyright: ignore[reportArgumentType]
        self._files = SiteFiles(root)

    def __call__(self, run: RunToWrite) -> dict[str, bool]:
        return self._files.put_all(self._made(run))

    def __getstate__(self) -> dict[str, object]:
        """Returns what another process needs; it makes links and templates itself."""
        return {"_report": replace(self._report), "_files": self._files}

    def _made(self, run: RunToWrite) -> Files:
        samples = run_samples(self._report, run.key)
        page = run_page(self._report, self._links, run.key, samples, run.pictures)
        yield page.href, self._pages.render("run", page.href, page=page)
        yield from run_files(self._report, page, samples, run.pictures)

    @cached_property
    def _links(self) -> Links:
        return Links(self._report)

    @cached_property
    def _pages(self) -> Pages:
        return Pages(self._report)
