"""Digests of the videos' contents, by which `provbench data verify` finds videos of two splits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from provbench.registry import Contents, Progress
from provbench.registry.base import content_digest

from .annotations import video_name, video_source
from .data import POSES, SPLITS, split_videos
from .skeletons import Skeletons, read_pose_pickle

VIDEOS = "videos"
"""Optional folder of the data set with the videos themselves: files, or folders of frames, anywhere below it."""


def video_contents(root: Path, progress: Progress) -> Contents:
    """Returns what is known of the contents of every annotated video, and the source that it was cut from.

    That are the skeletons, and the video's file or the frames of its folder where it is in the folder `videos`. Videos
    without any skeleton are known by their files alone. Raises as `data.read_skeletons`.
    """
    splits = split_videos(root)
    wanted = {name for names in splits.values() for name in names}
    digests: dict[str, list[str]] = {name: [] for name in wanted}
    for skeletons in read_pose_pickle(root / POSES, lambda problem: None):
        if skeletons.video in wanted and (skeletons.scores > 0).any():
            digests[skeletons.video].append(f"skeletons {_digest_of(skeletons)}")
    found = [(name, path) for name, path in find_contents(root / VIDEOS) if name in wanted]
    for done, (name, path) in enumerate(found, start=1):
        digests[name].append(f"video {digest_of_video(path)}")
        progress(done, len(found))
    return Contents(
        word="video",
        digests={split: {name: digests[name] for name in splits[split]} for split in SPLITS},
        sources={split: {name: video_source(name) for name in splits[split]} for split in SPLITS},
    )


def find_contents(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yields the names of videos below a folder, each with its file or its folder of frames."""
    for path in sorted(folder.rglob("v_*")) if folder.is_dir() else []:
        name = video_name(path.stem if path.is_file() else path.name)
        if name is not None:
            yield name, path


def digest_of_video(path: Path) -> str:
    """Returns a SHA-256 of a file's contents, or of those of a folder's files in the order of their names, which do not
    count.
    """
    if path.is_file():
        return content_digest(path)
    frames = sorted(one for one in path.iterdir() if one.is_file())
    return hashlib.sha256("\n".join(map(content_digest, frames)).encode()).hexdigest()


def _digest_of(skeletons: Skeletons) -> str:
    shape = np.array(skeletons.scores.shape, dtype=np.int64)
    parts = (shape, skeletons.keypoints, skeletons.scores)
    return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()
