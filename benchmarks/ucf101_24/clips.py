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
Index = int | tuple[int, int]
"""The place of a clip for evaluation, or that of one for training with its seed."""

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

    @property
    def changes(self) -> bool:
        """Returns whether any point may be changed."""
        return any((self.scale, self.shift, self.rotate, self.hflip, self.joint_drop))


def sample_frames(length: int, count: int, rng: np.random.Generator | None = None, crop: float = 1.0) -> np.ndarray:
    """(F,) int64, ascending: the frames to look at; -1 at the end where the video has fewer than `count`.

    Without rng the middles of F equal shares of the video, with it a random frame of each share of a random part, of
    at least `crop` times the video's length.
    """
    return sample_all_frames([length], count, [rng], crop)[0]


def sample_all_frames(
    lengths: Sequence[int], count: int, generators: Sequence[np.random.Generator | None], crop: float = 1.0
) -> np.ndarray:
    """(B, F): the frames of B videos, as `sample_frames` chooses those of each with its generator."""
    starts, spans, places = np.zeros(len(lengths), np.int64), np.array(lengths), np.full((len(lengths), count), 0.5)
    for number, rng in enumerate(generators):
        if rng is not None and crop < 1:
            spans[number] = int(np.ceil(lengths[number] * rng.uniform(crop, 1.0)))
            starts[number] = rng.integers(lengths[number] - spans[number] + 1)
        if rng is not None:
            rng.random(out=places[number])
    numbers = np.arange(count + 1)
    edges = starts[:, None] + numbers * spans[:, None] // count
    frames = edges[:, :-1] + (places * (edges[:, 1:] - edges[:, :-1])).astype(np.int64)
    short = spans <= count
    if short.any():
        every = np.where(numbers[:-1] < spans[:, None], starts[:, None] + numbers[:-1], -1)
        frames = np.where(short[:, None], every, frames)
    return frames


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
    return point_clouds([skeletons], frames[None], people[None], coordinates)[0]


def point_clouds(
    videos: Sequence[Skeletons], frames: np.ndarray, people: np.ndarray, coordinates: Coordinates = "frame"
) -> np.ndarray:
    """(B, 5, F · S, 17): the clouds of B videos, as `point_cloud` makes each. frames: (B, F); people: (B, F, S)."""
    place = frames[:, :, None].clip(0)
    there = (people >= 0) & (frames >= 0)[:, :, None]
    keypoints, scores = _chosen(videos, place, people, there)
    confidence = np.where(there[..., None], scores, 0).clip(0, 1)  # (B, F, S, J)
    sizes = np.array([(video.shape[1], video.shape[0]) for video in videos], dtype=float)[:, None, None, None]
    position = (keypoints - sizes / 2) / (sizes.max(axis=-1, keepdims=True) / 2)
    if coordinates == "person":
        position = _within_box(position, confidence > 0)
    first, last = frames[:, 0], frames.max(axis=1)
    time = 2 * (place - first[:, None, None]) / (last - first).clip(1)[:, None, None] - (last > first)[:, None, None]
    channels = [
        position[..., 0],
        position[..., 1],
        np.broadcast_to(time[..., None], confidence.shape),
        confidence,
        np.broadcast_to(np.arange(JOINTS) / (JOINTS - 1), confidence.shape),
    ]
    clouds = np.where((confidence > 0)[:, None], np.stack(channels, axis=1), 0)
    return clouds.reshape(len(videos), 5, -1, JOINTS).astype(np.float32)


def _chosen(
    videos: Sequence[Skeletons], place: np.ndarray, people: np.ndarray, there: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints (B, F, S, J, 2) and scores (B, F, S, J) of the chosen people; 0 for videos without any."""
    keypoints = np.zeros((*there.shape, JOINTS, 2), np.result_type(*(video.keypoints for video in videos)))
    scores = np.zeros(keypoints.shape[:-1], np.result_type(*(video.scores for video in videos)))
    who = people.clip(0)
    for number in np.flatnonzero(there.any(axis=(1, 2))).tolist():
        where = who[number], place[number]
        keypoints[number], scores[number] = videos[number].keypoints[where], videos[number].scores[where]
    return keypoints, scores


def _within_box(position: np.ndarray, there: np.ndarray) -> np.ndarray:
    """(..., J, 2): positions from the middle of those that are there (..., J), in halves of their box's longer side."""
    by_joint = np.ascontiguousarray(np.moveaxis(position, -2, 0))  # along which it is faster
    here = np.ascontiguousarray(np.moveaxis(there, -1, 0))[..., None]
    low, high = np.where(here, by_joint, np.inf).min(axis=0), np.where(here, by_joint, -np.inf).max(axis=0)
    empty = ~here.any(axis=0)
    low, high = np.where(empty, 0.0, low)[..., None, :], np.where(empty, 1.0, high)[..., None, :]
    side = (high - low).max(axis=-1, keepdims=True)
    return (position - (low + high) / 2) / np.where(side > 0, side / 2, 1.0)


def jitter(cloud: np.ndarray, options: Jitter, rng: np.random.Generator) -> np.ndarray:
    """The cloud (5, N, 17), changed at random. The same numbers are drawn whatever the options."""
    return jitters(cloud[None], options, [rng])[0]


def jitters(clouds: np.ndarray, options: Jitter, generators: Sequence[np.random.Generator]) -> np.ndarray:
    """The clouds (B, 5, N, 17), each changed as `jitter` does with its generator."""
    turns, offsets, mirrored = np.empty((len(clouds), 2, 2)), np.empty((len(clouds), 2)), []
    kept = np.empty((len(clouds), *clouds.shape[2:]), bool)
    for number, rng in enumerate(generators):
        angle = np.deg2rad(options.rotate) * rng.uniform(-1, 1)
        factor = 1 + options.scale * rng.uniform(-1, 1)
        offsets[number] = options.shift * rng.uniform(-1, 1, 2)
        mirrored += [number] if rng.random() < options.hflip else []
        kept[number] = rng.random(clouds.shape[2:]) >= options.joint_drop
        sine, cosine = np.sin(angle), np.cos(angle)
        turns[number] = factor * np.array([[cosine, -sine], [sine, cosine]])
    if mirrored:
        clouds = clouds.copy()
        clouds[mirrored] = clouds[mirrored][..., MIRRORED]
        clouds[mirrored, 0] = -clouds[mirrored, 0]
        clouds[mirrored, 4] = np.arange(JOINTS) / (JOINTS - 1)
    x, y = clouds[:, 0], clouds[:, 1]
    moved = [
        turn[:, 0, None, None] * x + turn[:, 1, None, None] * y + offset[:, None, None]
        for turn, offset in zip(turns.swapaxes(0, 1), offsets.T, strict=True)
    ]
    changed = np.concatenate([np.stack(moved, axis=1).astype(clouds.dtype), clouds[:, 2:]], axis=1)
    return np.where(((clouds[:, 3] > 0) & kept)[:, None], changed, 0).astype(np.float32)


class Videos(Protocol):
    """A `data.SkeletonSet`, or a list."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Skeletons: ...


class ClipDataset(Dataset[dict[str, Any]]):
    """Videos as items of the training loop: `image` the point cloud (5, N, 17), one label a video, nothing guided."""

    def __init__(self, videos: Videos, sampling: Sampling, change: Jitter | None = None) -> None:
        self.videos, self.sampling, self.change = videos, sampling, change
        self._tracks: dict[int, list[Track]] = {}
        self._surest: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.videos)

    def __getitem__(self, index: Index) -> dict[str, Any]:
        batch = self.__getitems__([index])
        return {"image": batch["image"][0], "mask": batch["mask"][0], **batch["rest"][0]}

    def __getitems__(self, indices: Sequence[Index]) -> dict[str, Any]:
        """Returns the items of several indices in the form that `benchmarks.training.data` describes."""
        pairs = [index if isinstance(index, tuple) else (index, None) for index in indices]
        if len({seed is None for _, seed in pairs}) > 1:
            raise TypeError(f"indices must all have a seed, or none (got {indices!r})")
        generators = [None if seed is None else np.random.default_rng(seed) for _, seed in pairs]
        videos = [self.videos[place] for place, _ in pairs]
        for video in videos:
            if video.label is None:
                raise UserError(f"{video.video}: has no label to train or to score with")
        frames = self._frames([video.num_frames for video in videos], generators)
        people = np.stack([self._people(place, of) for (place, _), of in zip(pairs, frames, strict=True)])
        clouds = point_clouds(videos, frames, people, self.sampling.coordinates)
        drawn = [rng for rng in generators if rng is not None]
        if self.change is not None and self.change.changes and drawn:
            clouds = jitters(clouds, self.change, drawn)
        return {
            "image": torch.from_numpy(clouds),
            "mask": torch.ones(len(clouds), 1, *clouds.shape[2:], dtype=torch.uint8),
            "rest": [{"label": int(video.label or 0), "id": video.video, "guided": False} for video in videos],
        }

    @property
    def names(self) -> list[str]:
        return [self.videos[place].video for place in range(len(self))]

    def sample(self, place: int, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The frames (F,) and people (F, S) of a video's cloud; with rng those of a training clip."""
        (frames,) = self._frames([self.videos[place].num_frames], [rng])
        return frames, self._people(place, frames)

    def _frames(self, lengths: Sequence[int], generators: Sequence[np.random.Generator | None]) -> np.ndarray:
        crop = 1.0 if self.change is None else self.change.crop
        return sample_all_frames(lengths, self.sampling.frames, generators, crop)

    def _people(self, place: int, frames: np.ndarray) -> np.ndarray:
        if self.sampling.follow:
            return tracked_people(self.tracks(place), frames, self.sampling.people)
        if place not in self._surest:  # those of every frame are kept, and of no frame at the end
            scores = self.videos[place].scores
            self._surest[place] = sample_people(scores, np.array([*range(scores.shape[1]), -1]), self.sampling.people)
        return self._surest[place][frames]

    def tracks(self, place: int) -> list[Track]:
        """The people of a video, linked; kept, as they are the same each time."""
        if place not in self._tracks:
            video = self.videos[place]
            self._tracks[place] = follow(video.keypoints, video.scores, video.shape, self.sampling.linking)
        return self._tracks[place]
