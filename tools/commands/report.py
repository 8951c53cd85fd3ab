"""`provbench report` and `provbench figures`: a suite's results, to be shown."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provbench.registry.base import MissingDataError, UserError

from ..terminal import (
    DEFAULT_DATA,
    DEFAULT_OUT,
    DataOption,
    JsonOption,
    OutOption,
    PluginOption,
    StorageOption,
    SuiteArgument,
    complain,
    plan_of,
    print_json,
    say,
)

if TYPE_CHECKING:
    from provbench.results.report import Report, Site

ToOption = Annotated[
    Path | None, typer.Option("--to", help="The folder to write; default: in --out, next to the suite's tables.")
]


def add_to(app: typer.Typer) -> None:
    app.command()(report)
    app.command()(figures)


def report(
    suite: SuiteArgument,
    to: ToOption = None,
    out: OutOption = DEFAULT_OUT,
    data: DataOption = DEFAULT_DATA,
    storage: StorageOption = None,
    every_run: Annotated[
        bool, typer.Option("--all", help="Also a page for each run of the searches, which are listed in any case.")
    ] = False,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Write a static site of a suite's results, in which every number leads to its runs. Open its index.html."""
    from provbench.suites.driving import Output
    from provbench.suites.showing import collect_report

    planned, output = plan_of(suite, plugin), Output(out)
    folder = output.suite(planned.file.suite.name) / "report" if to is None else to
    options = [("--out", str(out))] if out != DEFAULT_OUT else []
    options += [("--data", str(data))] if data != DEFAULT_DATA else []
    options += [("--plugin", name) for name in plugin or ()]
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    found = collect_report(planned, output, data, storage=storage, every_run=every_run, options=options, made=made)
    if found.note:
        complain([f"{found.note}"])
    site = _write(found, folder)
    if json:
        print_json({"index": str(site.index), "runs": site.runs, "written": site.written, "removed": site.removed})
    else:
        say(f"{site.index}: {site.runs} runs; {site.written} files changed, {site.removed} removed")


def figures(
    suite: SuiteArgument,
    to: Annotated[Path, typer.Option("--to", help="The folder to write.")],
    out: OutOption = DEFAULT_OUT,
    data: DataOption = DEFAULT_DATA,
    storage: StorageOption = None,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Draw a suite's figures as SVG and PNG: convergence, gradients, cost, sweeps, critical differences."""
    from provbench.results.figures import save_figure
    from provbench.suites.driving import Output
    from provbench.suites.showing import make_figures, survey

    planned = plan_of(suite, plugin)
    try:
        states = survey(planned, Output(out), data, storage)
    except MissingDataError as error:
        raise UserError(f"data are not ready, so there are no runs to draw: {error}") from None
    drawn = make_figures(planned, states)
    if not drawn:
        raise UserError(f"{suite}: has no finished runs in {out} to draw")
    files = [file for name, figure in drawn.items() for file in save_figure(figure, to / name)]
    if json:
        print_json([str(file) for file in files])
    else:
        say("\n".join(map(str, files)))


def _write(found: Report, folder: Path) -> Site:
    from provbench.results.report import write_site

    from ..terminal import progress_bar

    with progress_bar() as bar:
        job = bar.add_task("pages of runs", total=None, note="")

        def progress(done: int, total: int) -> None:
            bar.update(job, completed=done, total=total)

        return write_site(found, folder, progress, parallel=True)
