"""`provbench compare`: did any number move between two states of the results, beyond noise?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from provbench.registry.base import UserError

from ..terminal import (
    DEFAULT_DATA,
    DataOption,
    JsonOption,
    PluginOption,
    plan_of,
    print_answer,
    print_json,
    print_rows,
    reserve_for,
    say,
)

if TYPE_CHECKING:
    from provbench.results.tables import Table
    from provbench.suites.planning import Plan

MOVED = 1
"""Exit code where a number moved beyond noise, or a result went missing."""


def add_to(app: typer.Typer) -> None:
    app.command()(compare)


def compare(
    old: Annotated[Path, typer.Argument(help="An output folder, a table as JSON, or a folder of such tables.")],
    new: Annotated[Path, typer.Argument(help="The same, of the other state.")],
    suite: Annotated[
        str | None, typer.Option(help="Compare this suite's tables, made of the records in an output folder.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0, help="Differences up to this, in the metric's unit, never count.")
    ] = 0.0,
    alpha: Annotated[
        float, typer.Option(help="Chance that anything counts where nothing changed but the draw.")
    ] = 0.05,
    data: DataOption = DEFAULT_DATA,
    plugin: PluginOption = None,
    json: JsonOption = False,
    format: Annotated[
        Literal["text", "markdown"], typer.Option("--format", "-f", callback=reserve_for, help="What to print.")
    ] = "text",
) -> None:
    """Compare two states of results: which numbers moved, by how much, and whether beyond noise.

    Of output folders, final runs are compared method by method and seed by seed, or with --suite its tables. Exit code:
    0 nothing moved beyond noise, 1 something did, or a result went missing, 2 the input is wrong.
    """
    from provbench.registry import load_plugins
    from provbench.results.regression import (
        as_json,
        compare as compare_states,
        notes,
        read_sides,
        repeated_runs,
        rows,
        surroundings,
    )

    if not 0 < alpha < 1:
        raise UserError(f"--alpha {alpha}: must lie between 0 and 1, such as 0.05")
    if not tolerance < float("inf"):
        raise UserError(f"--tolerance {tolerance}: must be a finite number of points, such as 0.5")
    load_plugins(tuple(plugin or ()))
    plan = None if suite is None else plan_of(suite, plugin)
    before, after = read_sides(old, new, plan and (lambda root: _tables_of(plan, root, data)))
    found = compare_states(before.state, after.state, alpha=alpha, tolerance=tolerance, direction=_direction)
    around = repeated_runs(before, after), surroundings(before, after)
    if json:
        print_json({"old": str(old), "new": str(new), **as_json(found, *around)})
    else:
        _print(rows(found), notes(found, *around), format)
    if found.moved:
        raise typer.Exit(MOVED)


def _tables_of(plan: Plan, root: Path, data: Path) -> tuple[dict[str, Table], Path]:
    """The suite's tables of an output folder, and the folder of those that were written there."""
    from provbench.suites.driving import Output
    from provbench.suites.showing import make_tables, survey

    output = Output(root)
    return make_tables(plan, survey(plan, output, data, tabled=True)), output.suite(plan.file.suite.name) / "tables"


def _direction(task: str, metric: str) -> bool | None:
    from provbench.registry import TASKS

    known = TASKS.get(task).info.declared(metric) if task in TASKS else None
    return known and known.higher_is_better


def _print(rows: list[list[str]], notes: list[str], format: str) -> None:
    """Print the rows of the changes, and the notes under them. Names are harmless text in either form."""
    from provbench.registry.base import escape
    from provbench.results.regression import HEADER

    if format == "text":
        if rows:
            print_rows(HEADER, [[escape.one_line(field) for field in row] for row in rows])
        say("\n".join(map(escape.one_line, notes)))
        return
    header = [HEADER, ["---"] * 4 + ["---:"] * 4 + ["---"]]
    table = [*header, *([escape.markdown(field) for field in row] for row in rows)] if rows else []
    print_answer(
        "\n".join([*(f"| {' | '.join(row)} |" for row in table), "", *(f"- {escape.markdown(x)}" for x in notes)])
    )
