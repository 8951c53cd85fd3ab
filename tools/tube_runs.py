"""The tubes that finished runs of ucf101-24 find in one test video."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..benchmarks.training.data import Preprocessor, collate
from ..benchmarks.ucf101_24.annotations import video_name
from ..benchmarks.ucf101_24.data import CLASSES, read_skeletons, read_tubes
from ..benchmarks.ucf101_24.metrics import tube_overlap
from ..benchmarks.ucf101_24.task import Ucf10124
from ..benchmarks.ucf101_24.video import find_videos, read_frames
from ..registry import MissingDataError, UserError
from ..registry.errors import nearest
from ..suites.execute import build_task
from ..suites.spec import Place, RunSpec
from .finished import FinalRun
from .tubes import Method


def action_task(spec: RunSpec, place: Place) -> Ucf10124:
    """The run's task; `UserError` if it finds no tubes."""
    task = build_task(spec, place)
    if not isinstance(task, Ucf10124):
        raise UserError(f"{spec.task.name}: tubes are drawn of ucf101-24 only")
    return task


def choose_video(task: Ucf10124, name: str | None, seed: int = 0) -> str:
    """The test video of that name, `Class/v_Class_g01_c01`, or one drawn at random. `UserError` for another name."""
    videos = read_skeletons(task.root, "test").videos
    if name is None:
        return videos[int(np.random.default_rng(seed).integers(len(videos)))]
    full = video_name(name)
    if full is None or full not in videos:
        close = nearest(full or name, videos).partition(" Known:")[0].rstrip(".")  # of hundreds
        raise UserError(f"--video: no test video {name!r}{close}")
    return full


def video_frames(task: Ucf10124, name: str, folder: Path | None) -> np.ndarray:
    """(T, H, W, 3) uint8 RGB: drawn for the mini data, read from a folder of UCF101's videos for the full.

    Raises `MissingDataError` where the folder is not given or does not have the video.
    """
    if task.variant == "mini":
        from ..benchmarks.ucf101_24.mini import render_frames

        return render_frames(name)
    if folder is None:
        raise MissingDataError("--videos: name the folder of UCF101's videos; the task itself has keypoints only")
    for path in find_videos(folder):
        if path.stem == Path(name).name:
            return np.stack(list(read_frames(path)))
    raise MissingDataError(f"{folder}: no video {Path(name).name} in it or below it")


def true_tubes(task: Ucf10124, name: str) -> list[dict[str, Any]]:
    return [tube for tube in read_tubes(task.root, "test") if tube["video"] == name]


def found_tubes(run: FinalRun, place: Place, name: str, truth: Sequence[dict[str, Any]], top: int | None) -> Method:
    """The run's surest tubes in a test video, `top` of them, or as many as are true, and how well they fit.

    Raises `MissingDataError` where the run's weights were not kept.
    """
    task = action_task(run.spec, place)
    if not run.weights.is_file():
        raise MissingDataError(f"{run.weights}: no such weights; run the suite with --keep final to have them")
    net = task.build_model()
    net.load_state_dict(torch.load(run.weights, map_location="cpu", weights_only=True))
    net.eval()
    index = read_skeletons(task.root, "test").videos.index(name)
    batch = Preprocessor(*task.normalization)(collate([task.eval_data("test")[index]]))
    with torch.no_grad():
        [prediction] = task.predict(net, batch["inputs"], batch["labels"])
    tubes = sorted(task.detections("test", index, prediction), key=lambda tube: -tube["score"])
    tubes = tubes[: top or max(1, len(truth))]
    return Method(caption(run.label, tubes, truth), tubes)


def caption(label: str, tubes: Sequence[dict[str, Any]], truth: Sequence[dict[str, Any]]) -> str:
    """The method, the class of its surest tube, and the mean over the true tubes of the best overlap with one found."""
    if not tubes:
        return f"{label}: nothing"
    best = [
        max((tube_overlap(tube, true) for tube in tubes if tube["label"] == true["label"]), default=0.0)
        for true in truth
    ]
    fit = f", IoU {np.mean(best):.2f}" if best else ""
    return f"{label}: {CLASSES[tubes[0]['label']]} {tubes[0]['score']:.2f}{fit}"
