"""The tubes that finished runs of ucf101-24 find in one test video."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from provbench.registry import Task, TrainedRun
from provbench.registry.base import MissingDataError, UserError, nearest

from ..common import predictions
from .annotations import CLASSES, video_name
from .data import read_skeletons, read_tubes
from .pictures import mean_overlap, own_frames, surest_tubes
from .task import Ucf10124
from .tubes import Method
from .video import find_videos, read_frames


def action_task(task: Task) -> Ucf10124:
    """Returns the task of a run; raises `UserError` if it finds no tubes."""
    if not isinstance(task, Ucf10124):
        raise UserError(f"{task.name}: tubes are drawn of ucf101-24 only")
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
    """(T, H, W, 3) uint8 RGB: read from a folder of UCF101's videos; without one, as the data set itself has them.

    Raises `MissingDataError` where the folder does not have the video.
    """
    if folder is None or task.generated:
        skeletons = read_skeletons(task.root, "test")
        video = skeletons[skeletons.videos.index(name)]
        return own_frames(task, video, range(video.num_frames))
    for path in find_videos(folder):
        if path.stem == Path(name).name:
            return np.stack(list(read_frames(path, displayed=True)))
    raise MissingDataError(f"{folder}: no video {Path(name).name} in it or below it")


def true_tubes(task: Ucf10124, name: str) -> list[dict[str, Any]]:
    return [tube for tube in read_tubes(task.root, "test") if tube["video"] == name]


def found_tubes(run: TrainedRun, name: str, truth: Sequence[dict[str, Any]], top: int | None) -> Method:
    """The run's surest tubes in a test video, `top` of them, or as many as are true, and how well they fit."""
    task = action_task(run.task())
    index = read_skeletons(task.root, "test").videos.index(name)
    [prediction] = predictions(task, run.model(task), task.eval_data("test"), [index])
    tubes = surest_tubes(task, index, prediction, top or max(1, len(truth)))
    return Method(run.label, tubes, told(tubes, truth))


def told(tubes: Sequence[dict[str, Any]], truth: Sequence[dict[str, Any]]) -> str:
    """The class of the surest tube and its score, and how well the true tubes were found."""
    if not tubes:
        return "nothing"
    fit = f", IoU {mean_overlap(tubes, truth):.2f}" if truth else ""
    return f"{CLASSES[tubes[0]['label']]} {tubes[0]['score']:.2f}{fit}"
