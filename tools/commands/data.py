"""`provbench data`: make data ready, and check them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provbench.registry import no_progress
from provbench.registry.base import MissingDataError, UserError

from ..terminal import (
    DEFAULT_DATA,
    DataOption,
    DownloadOption,
    JsonOption,
    OnlyOption,
    PluginOption,
    SuiteArgument,
    say,
)
from .contributed import ContributedDataGroup

if TYPE_CHECKING:
    from provbench.registry import Task

app = typer.Typer(help="Make data sets ready, and check them.", no_args_is_help=True, cls=ContributedDataGroup)

AdoptOption = Annotated[
    Path | None, typer.Option(help="An archive, or a folder, that is on the disk already; checked, and linked to.")
]
LinksOption = Annotated[bool, typer.Option("--links", help="Ask every address whether it has its file; fetch none.")]
OfflineOption = Annotated[bool, typer.Option(help="Fetch nothing; unpack what was fetched before.")]

TaskArgument = Annotated[str, typer.Argument(metavar="TASK[:VARIANT]", help="For example cub-wsol or cub-wsol:mini.")]
PrepareArgument = Annotated[
    str,
    typer.Argument(metavar="TASK[:VARIANT]|SUITE", help="For example cub-wsol:mini, or a suite for all of its tasks."),
]
VerifyArgument = Annotated[
    str,
    typer.Argument(
        metavar="TASK[:VARIANT]|SUITE", help="For example cub-wsol:mini, or a suite for its tasks as it has them."
    ),
]
ParamOption = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="A parameter of the task, such as protocol=alia; may be repeated."),
]


@app.command()
def prepare(
    task: PrepareArgument,
    param: ParamOption = None,
    data: DataOption = DEFAULT_DATA,
    plugin: PluginOption = None,
    download: DownloadOption = False,
    adopt: AdoptOption = None,
    offline: OfflineOption = False,
) -> None:
    """Generate mini data, or check that full data sets are in place (and say where to get them).

    With --download, fetch what is missing first, as far as licences let a program do so: `data info TASK` lists it. Of
    a task, check also the weights that its default parameters need; of a suite, whatever its methods need:
    segmentations, edits, weights. The exit code is 2 where anything is missing.
    """
    from provbench.registry import TASKS, load_plugins

    from ..terminal import assignments, progress_bar
    from .downloading import bring, full_tasks

    load_plugins(tuple(plugin or ()))
    if download or adopt or offline:
        bring(full_tasks(task, plugin), data, adopt, offline)
    if task.partition(":")[0] not in TASKS and _is_suite(task):
        _prepare_suite(task, data, plugin)
        return
    adapter = _task(task, data, assignments(param or (), "--param"))
    with progress_bar() as bar:
        job = bar.add_task(f"preparing {task}", total=None, note="")
        adapter.prepare(lambda done, total: bar.update(job, completed=done, total=total))
    ready, missing = f"ready in {adapter.root}, fingerprint {adapter.fingerprint()}", adapter.missing_inputs()
    if missing:
        lines = [f"{task}: the data are {ready}, but its default parameters need more:", *missing]
        raise MissingDataError(
            "\n".join(lines) + "\nOf a suite, `provbench data prepare SUITE` checks what that needs."
        )
    say(f"{task}: {ready}")


def _is_suite(reference: str) -> bool:
    from provbench.suites.file import builtin_suites

    return reference.endswith((".yaml", ".yml")) or "/" in reference or reference in builtin_suites()


def _prepare_suite(suite: str, data: Path, plugin: list[str] | None) -> None:
    """Generate what is generated of a suite's data, and raise `MissingDataError` that names all that is missing."""
    from provbench.suites.planning import describe_missing, missing_inputs

    from ..terminal import plan_of

    planned = plan_of(suite, plugin)
    for cell in planned.sections().values():
        if cell.variant.generated:
            cell.build_task(data).prepare(no_progress)
    missing = missing_inputs(planned, data)
    if missing:
        raise MissingDataError(describe_missing(planned, missing))
    for name, cell in planned.sections().items():
        cell.build_task(data).prepare(no_progress)
        say(f"{name}: ready in {cell.build_task(data).root}")


@app.command()
def verify(
    task: VerifyArgument,
    root: Annotated[Path | None, typer.Option(help="The data set's own folder, wherever it lies.")] = None,
    param: ParamOption = None,
    data: DataOption = DEFAULT_DATA,
    plugin: PluginOption = None,
    links: LinksOption = False,
    json: JsonOption = False,
) -> None:
    """Read every file of a task's data and synthetic sets; list what is wrong, and exit with 2 if anything is.

    An image that val or test has in common with another split or with a synthetic set is wrong, too. Of images that are
    not the same, the two that look most alike are told, since photographs of one scene can make a score too good. So
    are videos that two splits have in common, by their files, frames or skeletons, and sources of which both have some.

    With --root, read that folder alone. With --links, read nothing, and ask the addresses of the files instead, as
    `data info --links` does.
    """
    from provbench.registry import load_plugins

    from ..terminal import assignments
    from .downloading import show_files
    from .verify import verify_suite, verify_task

    if _is_suite(task):
        if root or param or links:
            raise UserError(f"{task}: --root, --param and --links are for one task; the suite has its own parameters")
        verify_suite(task, data, plugin, json)
        return
    load_plugins(tuple(plugin or ()))
    if links:
        show_files(task, data, links, json)
        return
    adapter = _task(task, data, assignments(param or (), "--param"))
    adapter.root = root or adapter.root
    verify_task(task, adapter, data, root is not None, json)


@app.command()
def info(
    task: TaskArgument,
    data: DataOption = DEFAULT_DATA,
    plugin: PluginOption = None,
    links: LinksOption = False,
    json: JsonOption = False,
) -> None:
    """List the files of a task's full data set: sizes, digests, licences, mirrors, and which are in place.

    The exit code is 1 where --links finds an address without its file.
    """
    from provbench.registry import load_plugins

    from .downloading import show_files

    load_plugins(tuple(plugin or ()))
    show_files(task, data, links, json)


@app.command()
def weights(
    suite: SuiteArgument,
    only: OnlyOption = None,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch what is missing, each by its own library into its own cache.")
    ] = False,
    data: DataOption = DEFAULT_DATA,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """List the pretrained weights that a suite's methods read: sizes, licences, where they are, and who reads them.

    Caches, endpoints and offline modes are those of the libraries, by their environment variables: TORCH_HOME, HF_HOME,
    HF_ENDPOINT, HF_HUB_OFFLINE. With --download, the exit code is 2 where anything could not be fetched.
    """
    from provbench.suites.planning import restrict

    from ..terminal import plan_of
    from .weights import fetch_weights, show_weights

    planned = restrict(plan_of(suite, plugin), only or ())
    failures = fetch_weights(planned, data) if download else []
    show_weights(planned, data, json)
    if failures:
        raise UserError("\n".join(failures))


@app.command()
def export(
    task: TaskArgument,
    to: Annotated[Path, typer.Option(help="An empty folder, or one that does not exist.")],
    split: Annotated[str, typer.Option(help="Only train: evaluation images are not to be edited.")] = "train",
    param: ParamOption = None,
    data: DataOption = DEFAULT_DATA,
    plugin: PluginOption = None,
) -> None:
    """Write a task's training images for an image editor, numbered, with the mapping that finds its edits' sources."""
    from provbench.registry import load_plugins
    from provbench.registry.synthesizers import export_images

    from ..terminal import assignments, progress_bar

    if split != "train":
        raise UserError(f"--split {split}: only the training images can be exported: write train")
    load_plugins(tuple(plugin or ()))
    training_set = _task(task, data, assignments(param or (), "--param")).training_set()
    with progress_bar() as bar:
        job = bar.add_task(f"exporting {task}", total=None, note="")
        count = export_images(training_set, to, lambda done, total: bar.update(job, completed=done, total=total))
    say(
        f"{count} images and mapping.csv are in {to}; put the edits, named NUMBER-EDIT.png, and the mapping into "
        f"{training_set.folder / 'edits'}/NAME for the synthesizer edited-images (edits: NAME)"
    )


def _task(reference: str, data_root: Path, values: Mapping[str, Any] | None = None) -> Task:
    """values: parameters that differ from the variant's defaults."""
    from provbench.registry import TASKS

    name, _, variant = reference.partition(":")
    cls: type[Task] = TASKS.get(name)
    variant = variant or "full"
    params = cls.resolve_params(values or {}, variant, name)
    return cls(params, variant=variant, data_root=data_root)
