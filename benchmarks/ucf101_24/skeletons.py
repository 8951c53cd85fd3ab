"""Reader of skeletons in the form of mmaction2's PoseDataset, as `ucf101_hrnet.pkl` has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from provbench.registry.base import UserError, load_pickle

from .annotations import CLASSES, Complain, refuse, video_name

JOINTS = 17
"""Number of a person's joints, in COCO's order: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles; left
before right.
"""


@dataclass(frozen=True)
class Skeletons:
    """The people of one video.

    video: `Class/v_Class_g01_c01`. label: its class. shape: (height, width) of its frames in pixels. keypoints:
    (M, T, 17, 2) float32, x and y in pixels. scores: (M, T, 17) float32, the confidences; 0 where a joint is missing,
    and its keypoint then means nothing. The order of the people in one frame says nothing about the next frame's.
    """

    video: str
    label: int | None
    shape: tuple[int, int]
    keypoints: np.ndarray
    scores: np.ndarray

    @property
    def num_frames(self) -> int:
        """T."""
        return self.keypoints.shape[1]


def read_pose_pickle(path: Path, complain: Complain = refuse) -> Iterator[Skeletons]:
    """The skeletons of the videos of the 24 classes, in the file's order; those of other classes are passed over.

    The file is a dict with `annotations`, a list of dicts: `frame_dir`, the video's name; `img_shape` (height, width);
    `keypoint` (M, T, 17, 2) and `keypoint_score` (M, T, 17). Its labels number UCF101's 101 classes and its splits are
    of all 101, so that the class comes from the name, and neither is read. Scores of at most 0, which a heatmap may
    have, count as missing joints.

    complain: gets a line for each video that cannot be right, which is then left out. Raises as `load_pickle` does, and
    `UserError` for a file of another form.
    """
    content = load_pickle(path)
    entries = content.get("annotations") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise UserError(f"{path}: expected a dict with annotations, a list (got {type(content).__name__})")
    seen: set[str] = set()
    for place, entry in enumerate(entries):
        name = video_name(entry.get("frame_dir")) if isinstance(entry, dict) else None
        if name is None:
            complain(f"{path}: annotation {place}: frame_dir must be a video's name such as v_Biking_g01_c01")
            continue
        label = name.partition("/")[0]
        if label not in CLASSES:
            continue
        where = f"{path}: annotation {place}, {name}"
        problem = "each video must be listed once" if name in seen else _problem(entry)
        if problem:
            complain(f"{where}: {problem}")
            continue
        seen.add(name)
        height, width = entry["img_shape"]
        keypoints = entry["keypoint"].astype(np.float32)
        scores = np.maximum(entry["keypoint_score"].astype(np.float32), 0)
        yield Skeletons(name, CLASSES.index(label), (height, width), keypoints, scores)


def _problem(entry: dict[str, Any]) -> str:
    """Returns the problem with a video's entry; "" if there is none."""
    keypoints, scores, shape = entry.get("keypoint"), entry.get("keypoint_score"), entry.get("img_shape")
    if not isinstance(keypoints, np.ndarray) or keypoints.ndim != 4 or keypoints.shape[2:] != (JOINTS, 2):
        return f"keypoint must be an array (people, frames, {JOINTS}, 2) (got {getattr(keypoints, 'shape', keypoints)})"
    if not isinstance(scores, np.ndarray) or scores.shape != keypoints.shape[:3]:
        return f"keypoint_score must be an array {keypoints.shape[:3]} (got {getattr(scores, 'shape', scores)})"
    if keypoints.shape[1] == 0:
        return "a video must have frames (got 0)"
    if not isinstance(shape, (tuple, list)) or len(shape) != 2 or not all(type(n) is int and n > 0 for n in shape):
        return f"img_shape must be (height, width) (got {shape if isinstance(shape, (tuple, list)) else type(shape)})"
    if any(values.dtype.kind not in "fiu" or not np.isfinite(values).all() for values in (keypoints, scores)):
        return "keypoint and keypoint_score must be finite numbers"
    return ""
