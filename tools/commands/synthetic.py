"""`provbench synthetic`: hand synthetic sets on, and analyse them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provbench.registry.base import UserError

from ..terminal import (
    DEFAULT_DATA,
    DataOption,
    JsonOption,
    OnlyOption,
    PluginOption,
    SuiteArgument,
    plan_of,
    print_json,
    say,
)

if TYPE_CHECKING:
    from provbench.suites.planning import Cell

app = typer.Typer(help="Hand synthetic sets on, and analyse them.", no_args_is_help=True)


@app.command("export")
def export_(
    suite: SuiteArgument,
    to: Annotated[Path, typer.Option(help="The file to write, such as birds.zip.")],
    licence: Annotated[str, typer.Option(help="What others may do with the images, in one line.")],
    only: OnlyOption = None,
    name: Annotated[str | None, typer.Option(help="Name of the set; default: of task, synthesizer and digest.")] = None,
    data: DataOption = DEFAULT_DATA,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Write a finished synthetic set of a suite into one file: images, masks, manifest, digest and licence.

    Others train on it by `provbench synthetic import` and the synthesizer imported, without the generator.
    """
    from provbench.registry.synthesizers import export_set
    from provbench.suites.planning import found_set, restrict

    cells = [cell for cell in restrict(plan_of(suite, plugin), only or ()).cells if cell.synthesizer is not None]
    folders = {found_set(cell, data): cell for cell in cells}
    folder, cell = _only_one(folders)
    task = cell.build_task(data)
    card = export_set(
        folder,
        to,
        name=name or folder.name,
        task=task.name,
        classes=list(task.class_names()),
        licence=" ".join(licence.split()),
    )
    if json:
        print_json(card.model_dump(mode="json"))
        return
    say(f"{to}: {card.images} images of {task.name}, licence: {card.licence}, SHA-256 {card.digest}")
    say(f"`provbench synthetic import {to.name}` takes it in; suites name it {{name: imported, set: {card.name}}}")


def _only_one(folders: dict[Path | None, Cell]) -> tuple[Path, Cell]:
    if set(folders) <= {None}:
        raise UserError("no such set is finished: `provbench generate SUITE` or `provbench run SUITE` makes it")
    whole = [(folder, cell) for folder, cell in folders.items() if folder is not None]
    if len(whole) > 1:
        names = ", ".join(f"{cell.name}/{cell.method}" for _, cell in whole)
        raise UserError(f"--only: choose one of {names}")
    return whole[0]


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A file that `provbench synthetic export` wrote.")],
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """Unpack a set that others exported, after checking its digest."""
    from provbench.registry.synthesizers import import_set

    folder, card = import_set(file, data)
    if json:
        print_json({"folder": str(folder), **card.model_dump(mode="json")})
        return
    say(f"{folder}: {card.images} images of {card.task}, licence: {card.licence}, SHA-256 {card.digest}")
    say(f"suites name it so: synthesizer: {{name: imported, set: {card.name}}}")
