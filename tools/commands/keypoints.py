"""`provbench data extract-keypoints`: from videos to a file of skeletons."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..terminal import (
    DEFAULT_DATA,
    DataOption,
    say,
)


def add_to(app: typer.Typer) -> None:
    app.command()(extract_keypoints)


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
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Find the people in videos and their joints; write them as one file. Go on where a former call stopped.

    Nothing is downloaded. Exits with 1 if videos were broken: they are listed, and not in the file.
    """
    from provbench.benchmarks.ucf101_24 import find_videos

    found = find_videos(videos)

    from provbench.benchmarks.ucf101_24 import (
        PoseEstimator,
        extract,
        file_digest,
        find_weights,
        load_network,
        parts_folder,
    )

    from ..terminal import progress_bar

    device = _device(device)
    file = find_weights(weights, data / "weights")
    settings: dict[str, Any] = {
        "weights": file_digest(file),
        "size": size,
        "detector": detector,
        "max_persons": max_persons,
        "min_score": min_score,
    }
    boxes = None
    if detector is not None:
        from provbench.benchmarks.ucf101_24 import PersonDetector

        boxes = PersonDetector(detector, detector_checkpoint, device)
        settings["detector"] = boxes.config_digest
        settings["detector_checkpoint"] = file_digest(boxes.checkpoint)
    estimate = PoseEstimator(
        load_network(file, size=size), boxes, max_persons=max_persons, min_score=min_score, device=device
    )
    with progress_bar() as bar:
        job = bar.add_task("extracting keypoints", total=len(found), note="")
        result = extract(
            found,
            out,
            estimate,
            lambda done, total: bar.update(job, completed=done, total=total),
            every=every,
            settings=settings,
        )
    for problem in result.broken.values():
        say(problem, aside=True)
    done = len(result.done) + len(result.kept)
    if done:
        say(f"{out}: {done} videos, {len(result.kept)} of them done before; {parts_folder(out)} can be removed")
    if result.broken:
        say(f"{len(result.broken)} of {len(found)} videos are broken", aside=True)
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
