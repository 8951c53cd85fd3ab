"""`provbench generate`: make the synthetic sets of a suite, before any run needs them."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provbench.registry.base import UserError, duration

from ..terminal import (
    DEFAULT_DATA,
    DataOption,
    JsonOption,
    OnlyOption,
    PluginOption,
    SuiteArgument,
    plan_of,
    print_json,
    progress_bar,
    quiet,
    say,
)

if TYPE_CHECKING:
    from provbench.registry import Share
    from provbench.suites.driving import RayWorkers
    from provbench.suites.planning import SetWork


def add_to(app: typer.Typer) -> None:
    app.command()(generate)


def generate(
    suite: SuiteArgument,
    only: OnlyOption = None,
    data: DataOption = DEFAULT_DATA,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes; default: one a GPU, or one a core for more than some minutes' work."),
    ] = None,
    shard: Annotated[
        str,
        typer.Option(metavar="I/N", help="Do only the I-th of N parts: one command on each of N machines."),
    ] = "1/1",
    limit: Annotated[int | None, typer.Option(min=1, help="Draw at most about so many images, then stop.")] = None,
    preview: Annotated[
        int | None, typer.Option(min=1, help="Draw the first images of each class only, and make contact sheets.")
    ] = None,
    to: Annotated[Path, typer.Option(help="Folder of the contact sheets.")] = Path("previews"),
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Workers on a Ray cluster that shares --data: auto, HOST:PORT."),
    ] = None,
    download: Annotated[bool, typer.Option(help="Fetch the models that are missing from the hub.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what there is to do.")] = False,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Make a suite's generated images: describe, tune, draw, filter. Goes on where it was left.

    Says first what is to be downloaded, and how long the work and how large the images will be, by rough guess. Any
    number of workers and shards, interrupted or not, makes the same set. `provbench run` generates by itself what is
    missing.
    """
    from provbench.registry import Share, no_progress
    from provbench.suites.driving import ray_workers
    from provbench.suites.planning import phased_sets, restrict

    planned = restrict(plan_of(suite, plugin), only or ())
    for cell in planned.sections().values():
        if cell.variant.generated:
            cell.build_task(data).prepare(no_progress)
    sets = phased_sets(planned, data)
    if not sets:
        raise UserError(f"{planned.file.path}: no method has a synthesizer that generates images, such as generated")
    share = Share(*_parts(shard), copies=preview, limit=limit)
    _provide_models(sets, data, download, dry_run)
    found = [_described(work, share) for work in sets]
    if dry_run:
        print_json(found) if json else None
        return
    with ray_workers(ray) if ray is not None else nullcontext() as cluster:
        done = [_make(work, workers, share, preview, to, cluster) for work in sets]
    if json:
        print_json([{"set": work.title, "folder": str(folder or "")} for work, folder in zip(sets, done, strict=True)])


def _parts(shard: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]+)/([0-9]+)", shard)
    number, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= count:
        raise UserError(f"--shard {shard}: write such as 2/8, the second of eight parts")
    return number - 1, count


def _provide_models(sets: list[SetWork], data: Path, download: bool, dry_run: bool) -> None:
    """Says which models are missing, and fetches them if asked to. Raises `MissingDataError` if any stays missing."""
    from provbench.registry import weights_folder
    from provbench.registry.base import MissingDataError

    for work in sets:
        if work.found():
            continue
        for one in dict.fromkeys(work.plugin.weights(weights_folder(data))):
            if one.find() is None:
                say(f"{work.title}: needs the model {one.identity}@{one.revision or 'main'}, {one.facts.words}")
                if download and not dry_run:
                    one.fetch(bars=not quiet())
        problems = work.plugin.missing_inputs(work.data)
        if problems and not dry_run:
            raise MissingDataError("\n".join([f"{work.title}: inputs are missing", *problems]))
        for problem in problems:
            say(f"{work.title}: {problem}")


def _described(work: SetWork, share: Share) -> dict[str, object]:
    """Says what is left to do of a set, and returns it."""
    if work.found():
        say(f"{work.title}: is finished, in {work.found()}")
        return {"set": work.title, "images": 0}
    left = work.estimate(share)
    say(
        f"{work.title}: {left.images} images to draw in {left.denoising_steps} denoising steps, after "
        f"{left.training_steps} training steps: roughly {duration(left.seconds)} of one worker, "
        f"{left.bytes / 1e6:.0f} MB on disk"
    )
    return {"set": work.title, **vars(left)}


def _make(
    work: SetWork, workers: int | None, share: Share, preview: int | None, to: Path, cluster: RayWorkers | None
) -> Path | None:
    from provbench.suites.driving import generate as run, workers_for
    from provbench.suites.executors import visible_gpus

    gpus = visible_gpus() if cluster is None else []
    count = workers or (workers_for(work, gpus) if cluster is None else cluster.count)
    with progress_bar() as bar:
        job = bar.add_task(work.title, total=None, note="")
        folder = run(
            work, count, share, lambda done, total: bar.update(job, completed=done, total=total), gpus, cluster
        )
    if preview is not None:
        from provbench.benchmarks.common import contact_sheets

        sheets = contact_sheets(folder or work.begun, to / work.title.replace("/", "-"), preview)
        say(f"{work.title}: {len(sheets)} contact sheets are in {to / work.title.replace('/', '-')}")
    say(f"{work.title}: {f'the set is in {folder}' if folder else 'not whole yet: the same command goes on'}")
    return folder
