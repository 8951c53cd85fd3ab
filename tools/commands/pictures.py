"""`provbench samples`, `overlay` and `tubes`: see what the methods train on, where they look, and whom they find."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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

MethodOption = Annotated[list[str] | None, typer.Option(help="A method; may be repeated. Default: all.")]
SeedOption = Annotated[int | None, typer.Option(help="The runs' seed; default: the suite's first.")]


def add_to(app: typer.Typer) -> None:
    app.command()(samples)
    app.command()(overlay)
    app.command()(tubes)


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
    task: Annotated[str, typer.Option(help="A task of the suite.")] = "cub-wsol",
    method: MethodOption = None,
    seed: SeedOption = None,
    images: Annotated[int, typer.Option(min=1, help="How many test images, drawn at random.")] = 8,
    out: OutOption = DEFAULT_OUT,
    data: DataOption = DEFAULT_DATA,
    storage: StorageOption = None,
    plugin: PluginOption = None,
) -> None:
    """Draw score maps and boxes of a localisation task's runs. Needs their weights: run with --keep last or best."""
    from provbench.suites.planning import Place

    from ..terminal import final_runs

    runs = final_runs(
        suite, task=task, methods=method, seed=seed, plugins=plugin or (), out=out, data=data, storage=storage
    )

    from ..overlays import draw, localization_task, localized, pick

    place, first = Place(data_root=data), runs[0].spec
    adapter = localization_task(first, place)
    chosen = pick(adapter, images)
    draw(adapter, chosen, [localized(run, place, chosen) for run in runs], file)
    say(f"{file}: {len(chosen)} test images, {', '.join(run.spec.method for run in runs)}, seed {first.seed}")


def tubes(
    suite: SuiteArgument,
    file: Annotated[Path, typer.Argument(help="The picture to write: a strip (.png) or a film (.gif, .mp4).")],
    task: Annotated[str, typer.Option(help="A task of the suite.")] = "ucf101-24",
    method: MethodOption = None,
    seed: SeedOption = None,
    video: Annotated[str | None, typer.Option(help="A test video; default: one drawn at random.")] = None,
    videos: Annotated[
        Path | None, typer.Option(help="Folder of UCF101's videos, for the full variant; default: its skeletons.")
    ] = None,
    top: Annotated[int | None, typer.Option(min=1, help="Tubes a method; default: as many as are true.")] = None,
    columns: Annotated[int, typer.Option(min=1, help="Frames in a strip.")] = 6,
    width: Annotated[int, typer.Option(min=32, help="Pixels of a frame.")] = 240,
    rate: Annotated[float, typer.Option(min=1, max=50, help="Frames of a film in a second.")] = 12.5,
    out: OutOption = DEFAULT_OUT,
    data: DataOption = DEFAULT_DATA,
    storage: StorageOption = None,
    plugin: PluginOption = None,
) -> None:
    """Draw the tubes that an action task's runs find in a video. Needs their weights: run with --keep last or best."""
    from provbench.suites.planning import Place

    from ..terminal import final_runs
    from ..tubes import check_name, save

    check_name(file)
    runs = final_runs(
        suite, task=task, methods=method, seed=seed, plugins=plugin or (), out=out, data=data, storage=storage
    )

    from ..tube_runs import action_task, choose_video, found_tubes, true_tubes, video_frames

    place, first = Place(data_root=data), runs[0].spec
    adapter = action_task(first, place)
    name = choose_video(adapter, video)
    truth = true_tubes(adapter, name)
    found = [found_tubes(run, place, name, truth, top) for run in runs]
    frames = video_frames(adapter, name, videos)
    save(file, frames, truth, found, columns=columns, width=width, rate=rate)
    say(f"{file}: {name}, {', '.join(run.spec.method for run in runs)}, seed {first.seed}")
