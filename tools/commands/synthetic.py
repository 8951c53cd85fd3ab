"""`provbench synthetic`: hand synthetic sets on, and analyse them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    print_rows,
    say,
)

if TYPE_CHECKING:
    from provbench.registry.generation import Analysis, ClassAnalysis
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


@app.command()
def analyse(
    suite: SuiteArgument,
    only: OnlyOption = None,
    features: Annotated[
        str, typer.Option(help="pixels, inception (FID's own; needs its weights), or a registered model.")
    ] = "pixels",
    weights: Annotated[str | None, typer.Option(help="Pretrained weights of that model.")] = None,
    size: Annotated[int, typer.Option(min=8, help="Side of that model's inputs in pixels.")] = 224,
    to: Annotated[Path, typer.Option(help="Folder of analysis.json and of the contact sheets.")] = Path("analyses"),
    count: Annotated[int, typer.Option(min=0, help="Images of each class on its contact sheet.")] = 8,
    data: DataOption = DEFAULT_DATA,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Measure finished synthetic sets: distances to the real images, diversity, copies, what prompts tell of classes.

    Distances depend on the features, and FID on the number of images: only alike ones compare.
    """
    from provbench.registry import weights_folder
    from provbench.registry.generation import analyse as analysed, extractor
    from provbench.registry.synthesizers import read_manifest
    from provbench.suites.planning import found_set, restrict

    cells = [cell for cell in restrict(plan_of(suite, plugin), only or ()).cells if cell.synthesizer is not None]
    folders = {folder: cell for cell in cells if (folder := found_set(cell, data)) is not None}
    if not folders:
        raise UserError("no such set is finished: `provbench generate SUITE` or `provbench run SUITE` makes it")
    found = {}
    for folder, cell in folders.items():
        task = cell.build_task(data)
        reading = extractor(features, weights, size, weights_folder(data))
        one = analysed(read_manifest(folder), task.training_set(), reading)
        title = f"{cell.name}/{cell.method}"
        found[title] = {"features": features, "weights": weights, "set": folder.name, **asdict(one)}
        _keep(found[title], folder, to / title.replace("/", "-"), count, cell, data)
        if not json:
            _print_analysis(title, one)
            say(f"{title}: analysis.json and contact sheets are in {to / title.replace('/', '-')}")
    if json:
        print_json(_without_nan(found))


def _keep(found: dict[str, Any], folder: Path, to: Path, count: int, cell: Cell, data: Path) -> None:
    from json import dumps

    from provbench.benchmarks.common import contact_sheets
    from provbench.registry.base import atomic_file
    from provbench.suites.showing import ANALYSIS

    task = cell.build_task(data)
    text = (dumps(_without_nan(found), ensure_ascii=False, indent=1) + "\n").encode()
    with atomic_file(to / ANALYSIS) as file:
        file.write(text)
    with suppress(UserError), atomic_file(folder / ANALYSIS) as file:  # where the report finds it
        file.write(text)
    if count:
        contact_sheets(folder, to, count, task.class_names(), task.training_set())


def _without_nan(value: Any) -> Any:
    """JSON has no NaN: what is not known is null."""
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and isnan(value) else value


def _print_analysis(title: str, found: Analysis) -> None:
    header = ("class", "real", "synthetic", "FID", "KID", "diversity", "of real", "nearest real", "copies", "mask")
    rows = [[one.name, one.real, one.synthetic, *map(_shown, _measured(one))] for one in found.classes]
    print_rows(header, rows, title=title)
    for what, table in (("captions of the training images", found.bank), ("prompts", found.prompts)):
        for aspect, one in table.items():
            say(
                f"{what}: {aspect} tells {one.bits:.3f} bits of the class, chance {one.chance:.3f}, p = {one.p:.3f} "
                f"({one.samples} samples)"
            )
    if found.agreement is not None:
        say(f"masks from attention and from the difference overlap by {found.agreement:.2f} on average")
    if found.truth is not None:
        say(f"masks and the sources' segmentations overlap by {found.truth:.2f} on average")


def _measured(one: ClassAnalysis) -> tuple[float, ...]:
    return one.fid, one.kid, one.diversity, one.real_diversity, one.nearest, one.copies, one.mask


def _shown(value: float) -> str:
    return "–" if isnan(value) else f"{value:.3g}"
