"""`provbench data`: make data ready, and check them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...registry.errors import UserError, nearest
from ..options import DEFAULT_DATA, DataOption, JsonOption, PluginOption
from ..show import print_json
from . import keypoints

if TYPE_CHECKING:
    from ...registry import Task

app = typer.Typer(help="Make data sets ready, and check them.", no_args_is_help=True)
keypoints.add_to(app)

TaskArgument = Annotated[str, typer.Argument(metavar="TASK[:VARIANT]", help="For example cub-wsol or cub-wsol:mini.")]


@app.command()
def prepare(task: TaskArgument, data: DataOption = DEFAULT_DATA, plugin: PluginOption = None) -> None:
    """Generate a task's mini data, or check that its full data set is in place (and say where to get it)."""
    from ...registry import load_plugins
    from ..progress import progress_bar

    load_plugins(tuple(plugin or ()))
    adapter = _task(task, data)
    with progress_bar() as bar:
        job = bar.add_task(f"preparing {task}", total=None, note="")
        adapter.prepare(lambda done, total: bar.update(job, completed=done, total=total))
    print(f"{task}: ready in {adapter.root}, fingerprint {adapter.fingerprint()}")


@app.command()
def verify(
    task: TaskArgument,
    root: Annotated[Path | None, typer.Option(help="The data set's own folder, wherever it lies.")] = None,
    data: DataOption = DEFAULT_DATA,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Read every file of a task's data set; list what is wrong, and exit with 2 if anything is."""
    from ...registry import load_plugins
    from ..progress import progress_bar

    load_plugins(tuple(plugin or ()))
    adapter = _task(task, data)
    adapter.root = root or adapter.root
    with progress_bar() as bar:
        job = bar.add_task(f"verifying {task}", total=None, note="")
        problems = adapter.verify(lambda done, total: bar.update(job, completed=done, total=total))
    if json:
        print_json({"task": task, "root": str(adapter.root), "problems": problems})
    else:
        print("\n".join(problems) or f"{task}: everything in {adapter.root} is as it should be")
    if problems:
        raise typer.Exit(2)


def _task(reference: str, data_root: Path) -> Task:
    from ...registry import TASKS

    name, _, variant = reference.partition(":")
    cls: type[Task] = TASKS.get(name)
    variant = variant or "full"
    if variant not in cls.presets:
        raise UserError(f"{name}: unknown variant {variant!r}{nearest(variant, cls.presets)}")
    params = cls.resolve_params({}, variant, name)
    return cls(params, variant=variant, data_root=data_root)  # pyright: ignore[reportArgumentType]
