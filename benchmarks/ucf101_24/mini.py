"""The mini data set: stick figures in the official file formats, so that the readers of the real files read them.

In each video a few people stand about; one of them (now and then two) performs the labelled action for part of the
video, the others gesture. A pose estimator's flaws are part of it: noise, missing joints, people missed for some
frames, people in another order from one frame to the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import pi
from pathlib import Path
from typing import Any

import numpy as np

from provbench.registry import Progress

from ..common import ensure_generated
from .annotations import CLASSES, FRAME, video_group, video_name
from .data import ANNOTATIONS, POSES, SPLITS, TEST_LIST, VAL_GROUPS, Count, Split
from .figures import ACTIONS, ACTIONS_THAT_MOVE, GESTURES, draw_figure, figure_of
from .portable_pickle import portable_dumps
from .skeletons import JOINTS

GENERATOR_VERSION = 1
"""Raise it when the same parameters would give other videos: folders of older versions are then generated anew."""

GROUPS: Mapping[Split, tuple[int, ...]] = {
    "train": tuple(range(8, VAL_GROUPS[0])),
    "val": VAL_GROUPS,
    "test": tuple(range(1, 8)),
}
"""Groups of each split, as in the official split 1. The videos of a group share its place and its light."""

HEIGHT, WIDTH = FRAME


@dataclass(frozen=True)
class MiniSet:
    """Parameters that determine the mini set.

    train, val, test: videos of each split, of the actions in turn. shortest, longest: of the videos, in frames.
    correlation: share of the bystanders of a training video that make the gesture which belongs to its action; the
    others, and all of val and test, make any. noise: of the keypoints, in units of the figure's height. missing: share
    of the joints that are missed. seed: the task's recipe was made on the set of seed 0, its test split included; that
    of seed 1 is the one in use.
    """

    train: int = 240
    val: int = 60
    test: int = 120
    shortest: int = 16
    longest: int = 32
    correlation: float = 0.6
    noise: float = 0.012
    missing: float = 0.06
    seed: int = 1

    def videos(self, split: Split) -> tuple[str, ...]:
        """The names of a split's videos."""
        names, groups = [], GROUPS[split]
        for number in range({"train": self.train, "val": self.val, "test": self.test}[split]):
            action, turn = list(ACTIONS)[number % len(ACTIONS)], number // len(ACTIONS)
            names.append(f"{action}/v_{action}_g{groups[turn % len(groups)]:02d}_c{turn // len(groups) + 1:02d}")
        return tuple(names)

    def counts(self) -> dict[Split, Count]:
        """Videos and tubes of each split."""
        counts: dict[Split, Count] = {}
        for split in SPLITS:
            names = self.videos(split)
            counts[split] = Count(len(names), sum(1 + _has_two_performers(name) for name in names))
        return counts


MINI = MiniSet()


@dataclass(frozen=True)
class Scene:
    """One video as it truly is.

    joints: (P, T, 17, 2) float64, x and y in pixels, of everyone and in every frame. heights: (P,) of the figures in
    pixels. performances: for each tube the person, the first frame and the one after the last.
    """

    video: str
    joints: np.ndarray
    heights: np.ndarray
    performances: tuple[tuple[int, int, int], ...]

    @property
    def label(self) -> int:
        return CLASSES.index(self.video.partition("/")[0])

    def boxes(self, person: int) -> np.ndarray:
        """(T, 4) int64: x0 y0 x1 y1 around all joints of a person, with a margin, inside the frame."""
        margin = 0.05 * self.heights[person]
        low = np.floor(self.joints[person].min(axis=1) - margin)
        high = np.ceil(self.joints[person].max(axis=1) + margin)
        return np.concatenate([low, high], axis=1).clip(0, (WIDTH, HEIGHT) * 2).astype(np.int64)


def generate(root: Path, progress: Progress, mini: MiniSet = MINI) -> bool:
    """Have the mini set at `root`; True if it had to be generated. Raises as `ensure_generated`."""
    stamp: dict[str, Any] = {"generator": "ucf101-24", "version": GENERATOR_VERSION, "parameters": asdict(mini)}
    return ensure_generated(root, stamp, lambda folder: write(folder, progress, mini))


def write(root: Path, progress: Progress, mini: MiniSet = MINI) -> None:
    """Write the skeletons, the annotations and the list of test videos into the empty folder `root`.

    Each video is a function of the seed, the parameters and its name alone.
    """
    names = sorted(name for split in SPLITS for name in mini.videos(split))
    poses, annotations = [], {}
    for done, name in enumerate(names, start=1):
        scene = make_scene(name, mini)
        poses.append(_pose_entry(scene, mini))
        annotations[name] = _annotation_entry(scene)
        progress(done, len(names))
    test = mini.videos("test")
    split = {"train1": [name for name in names if name not in test], "test1": sorted(test)}
    _dump(root / POSES, {"split": split, "annotations": poses})
    _dump(root / ANNOTATIONS, annotations)
    (root / TEST_LIST).write_text("".join(f"{name}\n" for name in sorted(test)), encoding="utf-8")


def make_scene(video: str, mini: MiniSet = MINI) -> Scene:
    """The people of a video and what they do. Raises `ValueError` for a name that the mini set cannot have."""
    action = video.partition("/")[0]
    if video_name(video) != video or action not in ACTIONS:
        raise ValueError(f"the mini set has videos such as Fencing/v_Fencing_g08_c01 (got {video!r})")
    rng = _generator(video, mini, 0)
    length = int(rng.integers(mini.shortest, mini.longest + 1))
    performers = 1 + _has_two_performers(video)
    people = performers + int(rng.integers(1, 4 if performers == 1 else 3))
    places = rng.permutation(people)
    everyone, heights, performances = [], [], []
    for person in range(people):
        phase = rng.uniform(0, 2 * pi) + 2 * pi * np.arange(length) / rng.uniform(8, 14)
        angles = GESTURES[_gesture(rng, video, mini)](phase)
        if person < performers:
            duration = round(length * rng.uniform(0.4, 0.8))
            start = int(rng.integers(length - duration + 1))
            inside = (np.arange(length) >= start) & (np.arange(length) < start + duration)
            angles = np.where(inside[:, None], ACTIONS[action](phase), GESTURES["stand"](phase))
            performances.append((person, start, start + duration))
        height = rng.uniform(75, 115)
        where = (places[person] + rng.uniform(0.3, 0.7)) / people * (WIDTH - 60) + 30, rng.uniform(180, 225)
        walk = ACTIONS_THAT_MOVE.get(action, 0.0) if person < performers else 0.0
        everyone.append(_place(rng, figure_of(angles), where, height, walk))
        heights.append(height)
    return Scene(video, np.stack(everyone), np.array(heights), tuple(performances))


def render_frames(video: str, mini: MiniSet = MINI) -> np.ndarray:
    """(T, H, W, 3) uint8 RGB: the video, drawn, without the flaws of the skeletons. Raises as `make_scene`."""
    scene = make_scene(video, mini)
    place = np.random.default_rng([mini.seed, 2, video_group(video)])
    clothes = _generator(video, mini, 2).integers(40, 230, (len(scene.joints), 2, 3)).tolist()
    background = _background(place)
    frames = np.repeat(background[None], scene.joints.shape[1], axis=0)
    from_the_back = np.argsort(scene.joints[:, 0, :, 1].max(axis=1))
    for number, frame in enumerate(frames):
        for person in from_the_back.tolist():
            draw_figure(frame, scene.joints[person, number], float(scene.heights[person]), clothes[person])
    return frames


def _gesture(rng: np.random.Generator, video: str, mini: MiniSet) -> str:
    """A bystander's gesture. In training each action has one that often goes with it."""
    gestures, at_random = list(GESTURES), int(rng.integers(len(GESTURES)))
    companion = 1 + list(ACTIONS).index(video.partition("/")[0]) % (len(gestures) - 1)
    related = rng.random() < mini.correlation and video_group(video) in GROUPS["train"]
    return gestures[companion if related else at_random]


def _has_two_performers(video: str) -> bool:
    """Returns whether a video has two performers; about every sixth has."""
    return (CLASSES.index(video.partition("/")[0]) + video_group(video) + int(video[-2:])) % 6 == 0


def _place(
    rng: np.random.Generator, figure: np.ndarray, where: tuple[float, float], height: float, walk: float
) -> np.ndarray:
    """(T, 17, 2): the figure in the frame, mirrored half of the time; whole if it fits."""
    facing = 1 if rng.random() < 0.5 else -1
    steps = walk * (np.arange(len(figure)) - len(figure) / 2)
    joints = height * (figure + np.stack([steps, 0 * steps], axis=1)[:, None]) * (facing, 1) + where
    room = 0.06 * height
    low, high = joints.min(axis=(0, 1)) - room, joints.max(axis=(0, 1)) + room
    return joints + np.maximum(-low, 0) - np.maximum(high - (WIDTH, HEIGHT), 0)


# What a pose estimator makes of them, and the entries of the two files.


def _pose_entry(scene: Scene, mini: MiniSet) -> dict[str, Any]:
    """The video in PoseDataset's form: people in the order of detection, rows of zeros after the last one."""
    rng = _generator(scene.video, mini, 1)
    people, length = scene.joints.shape[:2]
    scale = scene.heights[:, None, None]
    seen = np.stack([_seen(rng, length) for _ in range(people)])
    joints = scene.joints + rng.normal(0, mini.noise, scene.joints.shape) * scale[..., None]
    inside = ((joints >= 0) & (joints <= (WIDTH, HEIGHT))).all(axis=-1)
    found = inside & (rng.random(inside.shape) >= mini.missing) & seen[..., None]
    scores = np.where(found, rng.uniform(0.55, 1, found.shape), 0)
    keypoints = np.where(found[..., None], joints, 0)
    order = rng.permutation(people)
    packed_keypoints = np.zeros((int(seen.sum(axis=0).max()), length, JOINTS, 2), dtype=np.float16)
    packed_scores = np.zeros(packed_keypoints.shape[:3], dtype=np.float16)
    for frame in range(length):
        if rng.random() < 0.1:
            order = rng.permutation(people)
        present = [person for person in order if seen[person, frame]]
        packed_keypoints[: len(present), frame] = keypoints[present, frame]
        packed_scores[: len(present), frame] = scores[present, frame]
    return {
        "frame_dir": scene.video.rpartition("/")[2],
        "label": scene.label,
        "img_shape": FRAME,
        "original_shape": FRAME,
        "total_frames": length,
        "keypoint": packed_keypoints,
        "keypoint_score": packed_scores,
    }


def _seen(rng: np.random.Generator, length: int) -> np.ndarray:
    """(T,) bool: whether a person is detected; up to two gaps of one to three frames."""
    seen = np.ones(length, dtype=bool)
    for _ in range(rng.integers(3)):
        start = int(rng.integers(length))
        seen[start : start + int(rng.integers(1, 4))] = False
    return seen


def _annotation_entry(scene: Scene) -> dict[str, Any]:
    """The video in pyannot's form, its quirks included: the smallest unsigned type that holds a box, and `numf`."""
    tubes = []
    for person, start, stop in scene.performances:
        corners = scene.boxes(person)[start:stop]
        boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
        kind = np.uint8 if boxes.max() < 256 else np.uint16
        tubes.append({"label": scene.label, "ef": stop, "boxes": boxes.astype(kind), "sf": start})
    return {"annotations": tubes, "numf": np.uint8(scene.joints.shape[1]), "label": scene.label}


def _dump(path: Path, content: object) -> None:
    path.write_bytes(portable_dumps(content))


def _generator(video: str, mini: MiniSet, purpose: int) -> np.random.Generator:
    clip = int(video[-2:])
    return np.random.default_rng(
        [mini.seed, 3 + purpose, CLASSES.index(video.partition("/")[0]), video_group(video), clip]
    )


def _background(rng: np.random.Generator) -> np.ndarray:
    """(H, W, 3) uint8: a floor and a wall."""
    wall, floor = rng.integers(110, 220, 3), rng.integers(70, 160, 3)
    horizon = int(rng.integers(110, 160))
    picture = np.empty((HEIGHT, WIDTH, 3))
    picture[:horizon], picture[horizon:] = wall, floor
    picture *= np.linspace(0.8, 1.1, WIDTH)[None, :, None]
    return np.clip(picture + rng.normal(0, 3, (HEIGHT, WIDTH, 1)), 0, 255).astype(np.uint8)
