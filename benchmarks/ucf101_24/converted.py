"""Annotations and skeletons in a safe, memory-mapped form, made from the pickles once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from provbench.registry.base import MissingDataError, content_digest, damage, derived_folder, derived_folders

from ..common import STAMP, ensure_generated, leftovers as generated_leftovers
from .annotations import AnnotatedVideo, read_moc, read_pyannot
from .skeletons import JOINTS, Skeletons, read_pose_pickle

FORMAT = 1
"""Raise it when the files below change: folders of older formats are then made anew."""

FOLDER = "converted"
INDEX = "index.json"


class TubeStore:
    """The tubes of an annotation file.

    On disk: `index.json` with each video's name, label, number of frames and lengths of its tubes; `frames.npy` (N,)
    int32 and `boxes.npy` (N, 4) float32, one tube after the other.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.videos: list[dict[str, Any]] = json.loads((folder / INDEX).read_text(encoding="utf-8"))

    @classmethod
    def of(cls, source: Path, *, moc: bool = False) -> TubeStore:
        """The store of an annotation file, converted now if it was not yet. Raises as its reader does.

        moc: the file is `UCF101v2-GT.pkl`, not `pyannot.pkl`.
        """
        read = read_moc if moc else read_pyannot
        return cls(_convert(source, "tubes-moc" if moc else "tubes", lambda: read(source), _write_tubes))

    def tubes(self) -> dict[str, list[dict[str, Any]]]:
        """The tubes of each video in the form of `metrics`; frames int64, boxes float32 views of the mapped file."""
        frames = np.load(self.folder / "frames.npy", mmap_mode="r")
        boxes = np.load(self.folder / "boxes.npy", mmap_mode="r")
        start, result = 0, {}
        for video in self.videos:
            tubes = []
            for length in video["lengths"]:
                part = slice(start, start := start + length)
                own = {"frames": frames[part].astype(np.int64), "boxes": np.asarray(boxes[part])}
                tubes.append({"video": video["name"], "label": video["label"], **own})
            result[video["name"]] = tubes
        return result


class SkeletonStore:
    """The skeletons of a pose file.

    On disk: `index.json` with each video's name, label, shape, number of people and of frames, and its first row in
    `keypoints.npy` (N, 17, 2) and `scores.npy` (N, 17), both float32; a video's rows are its people's frames, one
    person after the other. Sent to another process, it is opened there anew.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.videos: list[dict[str, Any]] = json.loads((folder / INDEX).read_text(encoding="utf-8"))

    @classmethod
    def of(cls, source: Path) -> SkeletonStore:
        """The store of a pose file, converted now if it was not yet. Raises as `read_pose_pickle` does."""
        return cls(_convert(source, "skeletons", lambda: list(read_pose_pickle(source)), _write_skeletons))

    @cached_property
    def _keypoints(self) -> np.ndarray:
        return np.asarray(np.load(self.folder / "keypoints.npy", mmap_mode="r"))

    @cached_property
    def _scores(self) -> np.ndarray:
        return np.asarray(np.load(self.folder / "scores.npy", mmap_mode="r"))

    def __getstate__(self) -> dict[str, Any]:
        return {"folder": self.folder, "videos": self.videos}  # a mapped file would be copied

    @cached_property
    def _opened(self) -> dict[int, Skeletons]:
        return {}

    def skeletons(self, place: int) -> Skeletons:
        """Those of the video at `place`; the arrays are read-only views of the mapped files."""
        if place not in self._opened:
            video = self.videos[place]
            shape = (video["people"], video["frames"], JOINTS)
            rows = slice(video["start"], video["start"] + shape[0] * shape[1])
            keypoints, scores = self._keypoints[rows].reshape(*shape, 2), self._scores[rows].reshape(shape)
            self._opened[place] = Skeletons(video["name"], video["label"], tuple(video["shape"]), keypoints, scores)
        return self._opened[place]


def leftovers(source: Path) -> list[Path]:
    """Returns what killed conversions left of the files in the folder `source`."""
    return [path for root in derived_folders(source) for path in generated_leftovers(root / FOLDER)]


def store_digest(store: TubeStore | SkeletonStore) -> str:
    """SHA-256 of the file that the store was made from, without reading it again."""
    return json.loads((store.folder / STAMP).read_text(encoding="utf-8"))["sha256"]


def _convert(source: Path, kind: str, read: Callable[[], Any], write: Callable[[Path, Any], None]) -> Path:
    """Returns the folder `converted/<kind>` next to `source`, filled from it unless it was filled from the same file
    before.

    Where the data are read-only, it lies in the folder for what is derived from them. The same file is one of the same
    SHA-256; a size and a time of change that are as they were save computing it. A damaged folder is filled again.
    """
    try:
        status = source.stat()
    except FileNotFoundError:
        raise MissingDataError(f"{source}: no such file") from None
    stamp = {"format": FORMAT, "source": source.name, "size": status.st_size, "mtime_ns": status.st_mtime_ns}
    whole = [folder for root in derived_folders(source.parent) if not damage(folder := root / FOLDER / kind)]
    for folder in whole:
        if _agrees(folder, stamp):
            return folder
    stamp["sha256"] = content_digest(source)
    for folder in whole:
        if _agrees(folder, {key: stamp[key] for key in ("format", "source", "sha256")}):
            return folder  # only the time of change differs, as after copying
    folder = derived_folder(source.parent) / FOLDER / kind
    ensure_generated(folder, stamp, lambda fresh: write(fresh, read()))
    return folder


def _agrees(folder: Path, stamp: dict[str, Any]) -> bool:
    try:
        found = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return all(found.get(key) == value for key, value in stamp.items())


def _write_tubes(folder: Path, videos: Sequence[AnnotatedVideo]) -> None:
    tracks = [track for video in videos for track in video.tracks]
    np.save(
        folder / "frames.npy",
        np.concatenate([np.zeros(0, np.int32), *(frames for frames, _ in tracks)], dtype=np.int32),
    )
    np.save(folder / "boxes.npy", np.concatenate([np.zeros((0, 4), np.float32), *(boxes for _, boxes in tracks)]))
    index = [
        {
            "name": video.name,
            "label": video.label,
            "num_frames": video.num_frames,
            "lengths": [len(frames) for frames, _ in video.tracks],
        }
        for video in videos
    ]
    (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")


def _write_skeletons(folder: Path, videos: Sequence[Skeletons]) -> None:
    rows = [video.scores.shape[0] * video.scores.shape[1] for video in videos]
    keypoints = np.lib.format.open_memmap(folder / "keypoints.npy", "w+", np.float32, (sum(rows), JOINTS, 2))
    scores = np.lib.format.open_memmap(folder / "scores.npy", "w+", np.float32, (sum(rows), JOINTS))
    index, start = [], 0
    for video, count in zip(videos, rows, strict=True):
        keypoints[start : start + count] = video.keypoints.reshape(count, JOINTS, 2)
        scores[start : start + count] = video.scores.reshape(count, JOINTS)
        people, frames, _ = video.scores.shape
        sizes = {"shape": video.shape, "people": people, "frames": frames, "start": start}
        index.append({"name": video.video, "label": video.label, **sizes})
        start += count
    keypoints.flush()
    scores.flush()
    (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")
