"""The task's own commands: `provbench tubes`, and `provbench data extract-keypoints`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provbench.registry import Progress, TrainedRun, weights_folder
from provbench.registry.base import visible

if TYPE_CHECKING:
    from .extraction import Extraction


def tubes(
    file: Annotated[Path, typer.Argument(help="The picture to write: a strip (.png) or a film (.gif, .mp4).")],
    runs: Callable[[], Sequence[TrainedRun]],
    task: Annotated[str, typer.Option(help="A task of the suite.")] = "ucf101-24",
    video: Annotated[str | None, typer.Option(help="A test video; default: one drawn at random.")] = None,
    videos: Annotated[
        Path | None, typer.Option(help="Folder of UCF101's videos, for the full variant; default: its skeletons.")
    ] = None,
    top: Annotated[int | None, typer.Option(min=1, help="Tubes a method; default: as many as are true.")] = None,
    columns: Annotated[int, typer.Option(min=1, help="Frames in a strip.")] = 6,
    width: Annotated[int, typer.Option(min=32, help="Pixels of a frame.")] = 240,
    rate: Annotated[float, typer.Option(min=1, max=50, help="Frames of a film in a second.")] = 12.5,
) -> str:
    """Draw the tubes that an action task's runs find in a video. Needs their weights: run with --keep last or best."""
    from .tubes import check_name, save

    check_name(file)
    chosen = runs()

    from .tube_runs import action_task, choose_video, found_tubes, true_tubes, video_frames

    adapter = action_task(chosen[0].task())
    name = choose_video(adapter, video)
    truth = true_tubes(adapter, name)
    found = [found_tubes(run, name, truth, top) for run in chosen]
    frames = video_frames(adapter, name, videos)
    save(file, frames, truth, found, columns=columns, width=width, rate=rate)
    return f"{file}: {name}, {', '.join(run.method for run in chosen)}, seed {chosen[0].seed}"


def extract_keypoints(
    videos: Annotated[Path, typer.Argument(help="A folder of videos named as UCF101's, or one video.")],
    out: Annotated[Path, typer.Option("--out", help="The pickle to write, in the form of mmaction2's PoseDataset.")],
    detector: Annotated[
        str | None, typer.Option(help="mmdet's name of a detector, or a configuration file. Default: Keypoint R-CNN's.")
    ] = None,
    detector_checkpoint: Annotated[Path | None, typer.Option(help="The detector's weights, a file.")] = None,
    weights: Annotated[
        str, typer.Option(help="Of Keypoint R-CNN: a file, or torchvision's name, found in <data>/weights.")
    ] = "COCO_V1",
    every: Annotated[int, typer.Option(min=1, help="Estimate poses in every N-th frame.")] = 1,
    max_persons: Annotated[int, typer.Option(min=1, help="People of a frame, the surest ones.")] = 8,
    min_score: Annotated[float, typer.Option(min=0, max=1, help="Score of a person to count.")] = 0.5,
    size: Annotated[
        int | None, typer.Option(min=32, help="Shorter side of the images in Keypoint R-CNN. Default: 800 pixels.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:1 …; auto is cuda where there is one.")] = "auto",
    *,
    data: Path,
    progress: Progress,
) -> None:
    """Find the people in videos and their joints; write them as one file. Go on where a former call stopped.

    Nothing is downloaded. Exits with 1 if videos were broken: they are listed, and not in the file.
    """
    from .video import find_videos

    found = find_videos(videos)

    from .extraction import extract, file_digest, parts_folder
    from .poses import PoseEstimator, find_weights, load_network

    device = _device(device)
    file = find_weights(weights, weights_folder(data))
    settings: dict[str, Any] = {
        "weights": file_digest(file),
        "size": size,
        "detector": detector,
        "max_persons": max_persons,
        "min_score": min_score,
    }
    boxes = None
    if detector is not None:
        from .detector import PersonDetector

        boxes = PersonDetector(detector, detector_checkpoint, device)
        settings["detector"] = boxes.config_digest
        settings["detector_checkpoint"] = file_digest(boxes.checkpoint)
    network = load_network(file, size=size)
    estimate = PoseEstimator(network, boxes, max_persons=max_persons, min_score=min_score, device=device)
    result = extract(found, out, estimate, progress, every=every, settings=settings)
    _tell(result, len(found), out, parts_folder(out))


def _tell(result: Extraction, found: int, out: Path, parts: Path) -> None:
    """Print what was done and what was broken; exits with 1 if anything was."""
    for problem in result.broken.values():
        typer.echo(visible(problem), err=True)
    done = len(result.done) + len(result.kept)
    if done:
        typer.echo(visible(f"{out}: {done} videos, {len(result.kept)} of them done before; {parts} can be removed"))
    if result.broken:
        typer.echo(f"{len(result.broken)} of {found} videos are broken", err=True)
        raise typer.Exit(1)


def _device(device: str) -> str:
    import torch

    from provbench.registry.base import UserError

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"--device {device}: {error}") from None
    return device
