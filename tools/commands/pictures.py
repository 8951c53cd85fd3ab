"""`provbench samples` and `overlay`: see what the methods train on, and where they look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provbench.registry.base import UserError

from ..terminal import (
    DEFAULT_DATA,
    DEFAULT_OUT,
    DataOption,
    OutOption,
    PluginOption,
    StorageOption,
    SuiteArgument,
    plan_of,
    say,
)
from .contributed import MethodOption, SeedOption

if TYPE_CHECKING:
    from provbench.suites.planning import Plan


def add_to(app: typer.Typer) -> None:
    app.command()(samples)
    app.command()(overlay)


def samples(
    suite: SuiteArgument,
    to: Annotated[Path, typer.Option("--to", help="The folder to write.")],
    count: Annotated[int, typer.Option(min=1, help="Samples in each picture.")] = 6,
    data: DataOption = DEFAULT_DATA,
    plugin: PluginOption = None,
) -> None:
    """Draw the synthetic samples that a suite's methods train on, with the region that each source comes from."""
    planned = plan_of(suite, plugin)

    from provbench.suites.showing import draw_samples

    files = draw_samples(planned, data, count, to)
    if not files:
        raise UserError(
            f"{suite}: no method makes synthetic images: none has a synthesizer or an augmentation of images"
        )
    say("\n".join(map(str, files)))


def overlay(
    suite: SuiteArgument,
    file: Annotated[Path, typer.Argument(help="The picture to write, .png, .svg or .pdf.")],
    task: Annotated[
        str | None, typer.Option(help="A task of the suite; default: its first one that draws overlays.")
    ] = None,
    method: MethodOption = None,
    seed: SeedOption = None,
    images: Annotated[int, typer.Option(min=1, help="How many test images, drawn at random.")] = 8,
    out: OutOption = DEFAULT_OUT,
    data: DataOption = DEFAULT_DATA,
    storage: StorageOption = None,
    plugin: PluginOption = None,
) -> None:
    """Draw what a task's runs see in test images, as score maps and boxes. Needs weights: run with --keep last or best.

    Of the built-in tasks, cub-wsol has overlays.
    """
    from ..terminal import final_runs

    name = task or _task_with_overlays(plan_of(suite, plugin))
    runs = final_runs(
        suite, task=name, methods=method, seed=seed, plugins=plugin or (), out=out, data=data, storage=storage
    )

    from .overlay_figure import draw

    first = runs[0].task()
    places = first.overlay_places(images)
    rows = [("test image", first.overlay(None, places))]
    for run in runs:
        adapter = run.task()
        rows.append((run.label, adapter.overlay(run.model(adapter), places)))
    draw(rows, file)
    say(f"{file}: {len(places)} test images, {', '.join(run.method for run in runs)}, seed {runs[0].seed}")


def _task_with_overlays(plan: Plan) -> str:
    for name, section in plan.sections().items():
        if section.task.draws_overlays():
            return name
    raise UserError(f"{plan.file.where('tasks')}: no task of the suite draws overlays")
