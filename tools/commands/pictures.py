"""`provbench overlay`: see where the methods look."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...registry.errors import UserError, nearest
from ..options import DEFAULT_DATA, DEFAULT_OUT, DataOption, OutOption, PluginOption, SuiteArgument


def add_to(app: typer.Typer) -> None:
    app.command()(overlay)


def overlay(
    suite: SuiteArgument,
    file: Annotated[Path, typer.Argument(help="The picture to write, .png, .svg or .pdf.")],
    task: Annotated[str, typer.Option(help="A task of the suite.")] = "cub-wsol",
    method: Annotated[list[str] | None, typer.Option(help="A method; may be repeated. Default: all.")] = None,
    seed: Annotated[int | None, typer.Option(help="The runs' seed; default: the suite's first.")] = None,
    images: Annotated[int, typer.Option(min=1, help="How many test images, drawn at random.")] = 8,
    out: OutOption = DEFAULT_OUT,
    data: DataOption = DEFAULT_DATA,
    plugin: PluginOption = None,
) -> None:
    """Draw score maps and boxes of a localisation task's runs. Needs their weights: run with --keep final."""
    from ...suites.driver import Output
    from ...suites.overview import survey
    from ...suites.plan import make_plan
    from ...suites.schema import load_suite
    from ...suites.spec import Place

    plan, output = make_plan(load_suite(suite), tuple(plugin or ())), Output(out)
    states = {state.cell.method: state for state in survey(plan, output, data) if state.cell.name == task}
    if not states:
        known = [cell.name for cell in plan.cells]
        raise UserError(f"--task: the suite has no task {task!r}{nearest(task, set(known))}")
    wanted = method or list(states)
    for name in wanted:
        if name not in states:
            raise UserError(f"--method: no method {name!r} on {task}{nearest(name, states)}")
    seed = plan.file.suite.seeds[0] if seed is None else seed
    specs = [spec for name in wanted for spec in states[name].specs or () if spec.seed == seed]
    if len(specs) != len(wanted):
        raise UserError(f"--seed: {task} has no final run of seed {seed} for every method")

    from ..overlays import draw, localization_task, localized, pick

    place = Place(data_root=data)
    chosen = pick(localization_task(specs[0], place), images)
    found = [
        localized(spec, states[spec.method].cell.label, output.checkpoints / f"{spec.key}.pth", place, chosen)
        for spec in specs
    ]
    draw(specs[0], place, chosen, found, file)
    print(f"{file}: {len(chosen)} test images, {', '.join(wanted)}, seed {seed}")
