"""Extracts skeletons from videos, one after the other, to a file in the form of mmaction2's PoseDataset."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from provbench.registry import Progress
from provbench.registry.base import UserError, atomic_path

from .annotations import CLASSES, video_group, video_name
from .portable_pickle import portable_dumps
from .poses import People
from .skeletons import JOINTS
from .video import VideoError, read_frames

BATCH = 4
"""Frames that go through the networks at once."""

Estimator = Callable[[Sequence[np.ndarray]], list[People]]
"""Frames (H, W, 3) uint8 RGB to the people of each."""


@dataclass
class Extraction:
    """Result of an extraction: names of the videos whose poses were estimated now, of those that had poses already, and
    for each broken one its path and the error.
    """

    done: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    broken: dict[Path, str] = field(default_factory=dict)


def extract(
    videos: Sequence[Path],
    out: Path,
    estimate: Estimator,
    progress: Progress,
    *,
    every: int = 1,
    settings: Mapping[str, Any] | None = None,
) -> Extraction:
    """Write the skeletons of the videos, which are named as UCF101's are, to the pickle `out`.

    Frames are turned as players show them, since pose estimators know people who stand upright.

    Each finished video is kept in the folder `<out>.parts`, and is not done again; a broken one is left out and
    reported. The pickle is written last, whole or not at all, and only if a video could be read. every: poses are
    estimated in each so-many-th frame, and the frames between have no people. settings: what the poses depend on, JSON
    values; parts that were made with others are refused.

    Raises `UserError` for a name that is not one of UCF101's or that two videos have, and for other settings.
    """
    names = _names(videos)
    parts = parts_folder(out)
    _same_settings(parts, {**(settings or {}), "every": every})
    result = Extraction()
    for number, (video, name) in enumerate(zip(videos, names, strict=True), start=1):
        part = parts / f"{name}.npz"
        if _finished(part, video):
            result.kept.append(name)
        else:
            try:
                arrays = skeletons(read_frames(video, displayed=True), estimate, every=every)
            except VideoError as error:
                result.broken[video] = str(error)
            else:
                size = np.array(video.stat().st_size)
                _write(
                    part, lambda file, content={**arrays, "bytes": size}: np.savez(file, allow_pickle=False, **content)
                )
                result.done.append(name)
        progress(number, len(videos))
    good = sorted({*result.done, *result.kept})
    if good:
        content = assemble(parts, good)
        _write(out, lambda file: file.write(portable_dumps(content)))
    return result


def parts_folder(out: Path) -> Path:
    """Returns the folder that holds the finished videos of `out`."""
    return out.with_name(f"{out.name}.parts")


def skeletons(frames: Iterable[np.ndarray], estimate: Estimator, *, every: int = 1) -> dict[str, np.ndarray]:
    """`keypoint` (M, T, 17, 2) float32, `keypoint_score` (M, T, 17) float16 and `shape` (2,), height and width.

    M is the largest number of people in a frame, and at least 1; in each frame the surest person is first, and who is
    not there has scores of 0. Raises `ValueError` where there are no frames, and what reading the frames does.
    """
    if every < 1:
        raise ValueError(f"every must be at least 1 (got {every})")
    people: list[People] = []
    waiting: list[np.ndarray] = []
    total, shape = 0, (0, 0)
    for frame in frames:
        if total % every == 0:
            waiting.append(frame)
        if len(waiting) == BATCH:
            people += estimate(waiting)
            waiting = []
        total, shape = total + 1, frame.shape[:2]
    if waiting:
        people += estimate(waiting)
    if not total:
        raise ValueError("a video needs frames")
    most = max(1, *(len(found.scores) for found in people))
    keypoints = np.zeros((most, total, JOINTS, 2), np.float32)
    scores = np.zeros((most, total, JOINTS), np.float16)
    for place, found in zip(range(0, total, every), people, strict=True):
        keypoints[: len(found.scores), place] = found.keypoints
        scores[: len(found.scores), place] = found.joint_scores
    return {"keypoint": keypoints, "keypoint_score": scores, "shape": np.array(shape)}


def assemble(parts: Path, names: Sequence[str]) -> dict[str, Any]:
    """The content of the pickle: `split` and `annotations`, of dicts, lists, strings, numbers and arrays only.

    Labels count the classes in UCF101's order: all of the 24 if no other class is there, and else those that are there,
    which are the official numbers if all 101 are. The split is UCF101's first: `train1`, and `test1` of groups 1 to 7.
    """
    classes = {name: _class(name) for name in names}
    known = CLASSES if set(classes.values()) <= set(CLASSES) else sorted(set(classes.values()), key=str.casefold)
    annotations = []
    for name in names:
        with np.load(parts / f"{name}.npz") as part:
            height, width = part["shape"].tolist()
            sizes = {"img_shape": (height, width), "original_shape": (height, width)}
            arrays = {key: part[key] for key in ("keypoint", "keypoint_score")}
        label, frames = known.index(classes[name]), arrays["keypoint"].shape[1]
        annotations.append({"frame_dir": name, "label": label, **sizes, "total_frames": frames, **arrays})
    tested = {name for name in names if video_group(name) <= 7}
    split = {
        "train1": [name for name in names if name not in tested],
        "test1": [name for name in names if name in tested],
    }
    return {"split": split, "annotations": annotations}


def file_digest(path: Path) -> str:
    """SHA-256 (hexadecimal) of a file, for the settings."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _names(videos: Sequence[Path]) -> list[str]:
    """`v_Class_g01_c01` of each video."""
    names: dict[str, Path] = {}
    for video in videos:
        full = video_name(video.with_suffix(".avi").name)
        if full is None:
            raise UserError(f"{video}: expected a name that says class and group, such as v_Basketball_g01_c01.avi")
        name = full.rpartition("/")[2]
        if name in names:
            raise UserError(f"{video}: {names[name]} has the same name")
        names[name] = video
    return list(names)


def _class(name: str) -> str:
    return str(video_name(name)).partition("/")[0]


def _same_settings(parts: Path, settings: dict[str, Any]) -> None:
    file = parts / "settings.json"
    parts.mkdir(parents=True, exist_ok=True)
    if not file.is_file():
        _write(file, lambda stream: stream.write(json.dumps(settings, indent=1).encode()))
        return
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UserError(f"{file}: damaged. Remove the folder {parts} and begin again")
    for key in sorted({*found, *settings}):
        if found.get(key) != settings.get(key):
            raise UserError(
                f"{parts}: its videos were done with {key} {found.get(key)} (now {settings.get(key)}). "
                "Remove the folder to do them again, or write to another file."
            )


def _finished(part: Path, video: Path) -> bool:
    """Returns whether the part is whole and belongs to a file of the video's size: a broken copy may have been
    replaced.
    """
    try:
        with np.load(part) as content:
            return int(content["bytes"]) == video.stat().st_size
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return False


def _write(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file whole or not at all."""
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        write(file)
