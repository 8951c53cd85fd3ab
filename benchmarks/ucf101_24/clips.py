"""Turns the skeletons of a video into the point cloud that the network sees.

A cloud samples F frames of a video and S people of each: N = F · S instances of 17 joints in the channels x, y, t,
confidence, joint (`model.CHANNELS`). What is missing is 0 in every channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch.utils.data import Dataset

from provbench.registry.base import UserError

from .localization import Linking, Track, follow
from .skeletons import JOINTS, Skeletons

Coordinates = Literal["frame", "person"]

MIRRORED = (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)
"""COCO's joints with left and right exchanged."""


@dataclass(frozen=True)
class Sampling:
    """Parameters that choose which part of a video is read.

    frames: F, evenly spaced (in training anywhere in their share of the video). people: S, the surest of each frame by
    itself, or, if follow, of the video, so that instance s of every frame is the same person. linking: how people
    become tracks. coordinates: as `point_cloud` has them.
    """

    frames: int
    people: int
    follow: bool = False
    linking: Linking = field(default_factory=Linking)
    coordinates: Coordinates = "frame"


@dataclass(frozen=True)
class Jitter:
    """Random changes of a training cloud, the same for all of its points, but for `joint_drop`.

    scale: factor in [1 - scale, 1 + scale]. shift: in [-shift, shift] in each direction, in units of half the longer
    image side. rotate: in [-rotate, rotate] degrees. hflip: probability of mirroring, left and right exchanged.
    joint_drop: probability of each joint to be missing. crop: the shortest share of the video that a clip covers.
    """

    scale: float = 0.0
    shift: float = 0.0
    rotate: float = 0.0
    hflip: float = 0.0
    joint_drop: float = 0.0
    crop: float = 1.0


def sample_frames(length: int, count: int, rng: np.random.Generator | None = None, crop: float = 1.0) -> np.ndarray:
    """(F,) int64, ascending: the frames to look at; -1 at the end where the video has fewer than `count`.

    Without rng the middles of F equal shares of the video, with it a random frame of each share of a random part, of
    at least `crop` times the video's length.
    """
    start, span = 0, length
    if rng is not None and crop < 1:
        span = int(np.ceil(length * rng.uniform(crop, 1.0)))
        start = int(rng.integers(length - span + 1))
    place = rng.random(count) if rng is not None else np.full(count, 0.5)
    if span <= count:
        frames = np.arange(start, start + span)
    else:
        edges = start + np.arange(count + 1) * span // count
        frames = edges[:-1] + (place * np.diff(edges)).astype(np.int64)
    return np.concatenate([frames, np.full(count - len(frames), -1)]).astype(np.int64)


def sample_people(scores: np.ndarray, frames: np.ndarray, count: int) -> np.ndarray:
    """(F, S) int64: the people of the highest mean joint score in each of frames (F,), surest first; -1 where none.

    scores: (M, T, J), 0 where a joint is missing. Of equals the first.
    """
    chosen = np.full((len(frames), count), -1, dtype=np.int64)
    sure = scores[:, frames].mean(axis=2).T * (frames >= 0)[:, None]  # (F, M)
    order = np.argsort(-sure, axis=1, kind="stable")[:, :count]
    chosen[:, : order.shape[1]] = np.where(np.take_along_axis(sure, order, axis=1) > 0, order, -1)
    return chosen


def tracked_people(tracks: Sequence[Track], frames: np.ndarray, count: int) -> np.ndarray:
    """(F, S) int64: in each of frames (F,) the people of the S tracks that are longest and surest; -1 where none.

    Tracks rank by the sum of their people's scores.
    """
    chosen = np.full((len(frames), count), -1, dtype=np.int64)
    ranked = sorted(tracks, key=lambda track: -track.score * np.count_nonzero(track.people >= 0))
    for slot, track in enumerate(ranked[:count]):
        place = frames - track.frames[0]
        inside = (frames >= 0) & (place >= 0) & (place < len(track.people))
        chosen[inside, slot] = track.people[place[inside]]
    return chosen


def point_cloud(
    skeletons: Skeletons, frames: np.ndarray, people: np.ndarray, coordinates: Coordinates = "frame"
) -> np.ndarray:
    """(5, F · S, 17) float32. frames: (F,) ascending; people: (F, S); -1 in either is padding.

    coordinates: `frame`, x and y are in units of half the longer image side, from the image's middle; `person`, in
    units of half the longer side of the person's own box in that frame, from its middle. t goes from -1 at the first of
    the frames to 1 at the last.
    """
    keypoints, scores = skeletons.keypoints, skeletons.scores
    height, width = skeletons.shape
    place = frames[:, None].clip(0)
    there = (people >= 0) & (frames >= 0)[:, None]
    if not there.any():
        return np.zeros((5, there.size, JOINTS), dtype=np.float32)
    confidence = np.where(there[..., None], scores[people.clip(0), place], 0).clip(0, 1)  # (F, S, J)
    position = (keypoints[people.clip(0), place] - (width / 2, height / 2)) / (max(height, width) / 2)
    if coordinates == "person":
        position = _within_box(position, confidence > 0)
    first, span = frames[0], max(frames.max() - frames[0], 1)
    time = 2 * (place - first) / span - (1 if frames.max() > first else 0)
    channels = [
        position[..., 0],
        position[..., 1],
        np.broadcast_to(time[..., None], confidence.shape),
        confidence,
        np.broadcast_to(np.arange(JOINTS) / (JOINTS - 1), confidence.shape),
    ]
    cloud = np.where(confidence > 0, np.stack(channels), 0)
    return cloud.reshape(5, -1, JOINTS).astype(np.float32)


def _within_box(position: np.ndarray, there: np.ndarray) -> np.ndarray:
    """(..., J, 2): positions from the middle of those that are there (..., J), in halves of their box's longer side."""
    low = np.where(there[..., None], position, np.inf).min(axis=-2, keepdims=True)
    high = np.where(there[..., None], position, -np.inf).max(axis=-2, keepdims=True)
    empty = ~np.any(there, axis=-1, keepdims=True)[..., None]
    low, high = np.where(empty, 0.0, low), np.where(empty, 1.0, high)
    side = (high - low).max(axis=-1, keepdims=True)
    return (position - (low + high) / 2) / np.where(side > 0, side / 2, 1.0)


def jitter(cloud: np.ndarray, options: Jitter, rng: np.random.Generator) -> np.ndarray:
    """The cloud (5, N, 17), changed at random. The same numbers are drawn whatever the options."""
    angle = np.deg2rad(options.rotate) * rng.uniform(-1, 1)
    factor = 1 + options.scale * rng.uniform(-1, 1)
    offset = options.shift * rng.uniform(-1, 1, 2)
    mirrored = rng.random() < options.hflip
    kept = rng.random(cloud.shape[1:]) >= options.joint_drop
    cloud = cloud.copy()
    if mirrored:
        cloud = cloud[:, :, MIRRORED]
        cloud[0] = -cloud[0]
        cloud[4] = np.arange(JOINTS) / (JOINTS - 1)
    turn = factor * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    cloud[:2] = np.einsum("ij,jnk->ink", turn, cloud[:2]) + offset[:, None, None]
    return np.where((cloud[3] > 0) & kept, cloud, 0).astype(np.float32)


class Videos(Protocol):
    """A `data.SkeletonSet`, or a list."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Skeletons: ...


class ClipDataset(Dataset[dict[str, Any]]):
    """Videos as items of the training loop: `image` the point cloud (5, N, 17), one label a video, nothing guided."""

    def __init__(self, videos: Videos, sampling: Sampling, change: Jitter | None = None) -> None:
        self.videos, self.sampling, self.change = videos, sampling, change
        self._tracks: dict[int, list[Track]] = {}

    def __len__(self) -> int:
        return len(self.videos)

    def __getitem__(self, index: int | tuple[int, int]) -> dict[str, Any]:
        place, seed = index if isinstance(index, tuple) else (index, None)
        rng = None if seed is None else np.random.default_rng(seed)
        skeletons = self.videos[place]
        if skeletons.label is None:
            raise UserError(f"{skeletons.video}: has no label to train or to score with")
        cloud = point_cloud(skeletons, *self.sample(place, rng), self.sampling.coordinates)
        if rng is not None and self.change is not None:
            cloud = jitter(cloud, self.change, rng)
        return {
            "image": torch.from_numpy(cloud),
            "label": int(skeletons.label),
            "id": skeletons.video,
            "mask": torch.ones(1, *cloud.shape[1:], dtype=torch.uint8),
            "guided": False,
        }

    @property
    def names(self) -> list[str]:
        return [self.videos[place].video for place in range(len(self))]

    def sample(self, place: int, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The frames (F,) and people (F, S) of a video's cloud; with rng those of a training clip."""
        scores = self.videos[place].scores
        crop = 1.0 if self.change is None else self.change.crop
        frames = sample_frames(scores.shape[1], self.sampling.frames, rng, crop)
        if self.sampling.follow:
            return frames, tracked_people(self.tracks(place), frames, self.sampling.people)
        return frames, sample_people(scores, frames, self.sampling.people)

    def tracks(self, place: int) -> list[Track]:
        """The people of a video, linked; kept, as they are the same each time."""
        if place not in self._tracks:
            video = self.videos[place]
            self._tracks[place] = follow(video.keypoints, video.scores, video.shape, self.sampling.linking)
        return self._tracks[place]
