"""The files of UCF101-24, its splits, and what a task reads of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from provbench.registry import Progress
from provbench.registry.base import MissingDataError, UserError, content_digest

from .annotations import CLASSES, AnnotatedVideo, read_moc, read_pyannot, read_test_list, video_group
from .converted import SkeletonStore, TubeStore, store_digest
from .skeletons import JOINTS, Skeletons, read_pose_pickle

__all__ = ["CLASSES", "JOINTS", "SkeletonSet", "Skeletons", "read_skeletons", "read_tubes"]

POSES = "ucf101_hrnet.pkl"
ANNOTATIONS = "pyannot.pkl"
TEST_LIST = "testlist01.txt"
MOC = "UCF101v2-GT.pkl"

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")

VAL_GROUPS = (24, 25)
"""Groups of the official training split that are held out. A group's videos were cut from one source, so that whole
groups are; the official test split has groups 1 to 7. Every class has videos in both."""


@dataclass(frozen=True)
class Count:
    """Number of videos in a split, and number of their tubes."""

    videos: int
    tubes: int


COUNTS: Mapping[Split, Count] = {"train": Count(2035, 2825), "val": Count(249, 318), "test": Count(910, 1315)}
"""Numbers of videos and tubes in the corrected annotations and the official split 1."""


class SkeletonSet:
    """The skeletons of a split's videos, memory-mapped: `set[i]` is a `Skeletons`, read as it is looked at."""

    def __init__(self, store: SkeletonStore, places: list[int]) -> None:
        self._store = store
        self._places = places
        self.videos: tuple[str, ...] = tuple(store.videos[place]["name"] for place in places)
        self.labels: tuple[int, ...] = tuple(store.videos[place]["label"] for place in places)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Skeletons:
        return self._store.skeletons(self._places[index])

    def __iter__(self) -> Iterator[Skeletons]:
        return (self[index] for index in range(len(self)))


def read_skeletons(root: Path, split: Split) -> SkeletonSet:
    """The skeletons of the annotated videos of a split, in the annotations' order.

    Raises `MissingDataError` that says where to get a file that is not there, `UserError` where a file cannot be right,
    and where an annotated video has no skeletons.
    """
    require_files(root)
    store = SkeletonStore.of(root / POSES)
    places = {video["name"]: place for place, video in enumerate(store.videos)}
    wanted = split_videos(root)[split]
    missing = [name for name in wanted if name not in places]
    if missing:
        raise UserError(
            f"{root / POSES}: {len(missing)} of the {len(wanted)} annotated {split} videos have no skeletons, "
            f"the first is {missing[0]}"
        )
    return SkeletonSet(store, [places[name] for name in wanted])


def read_tubes(root: Path, split: Split, *, annotations: Literal["pyannot", "moc"] = "pyannot") -> list[dict[str, Any]]:
    """The ground truth of a split in the form of `metrics`: `video`, `label`, `frames` (n,) int64 from 0, `boxes`.

    Boxes are (n, 4) float32, x0 y0 x1 y1 in pixels. annotations: `moc` reads `UCF101v2-GT.pkl` for the same videos;
    one that it lacks has no tubes then. Raises as `read_skeletons` does.
    """
    require_files(root)
    if annotations == "moc" and not (root / MOC).is_file():
        raise MissingDataError(f"{root / MOC}: no such file. It is an alternative to {ANNOTATIONS}, of MOC's authors.")
    store = TubeStore.of(root / MOC, moc=True) if annotations == "moc" else TubeStore.of(root / ANNOTATIONS)
    tubes = store.tubes()
    return [tube for name in split_videos(root)[split] for tube in tubes.get(name, ())]


def split_videos(root: Path) -> dict[Split, tuple[str, ...]]:
    """The annotated videos of each split, in the annotations' order.

    test: the official list, split 1. val: of the other videos those of `VAL_GROUPS`. train: the rest. Raises
    `UserError` for a test video that is not annotated.
    """
    require_files(root)
    names = [video["name"] for video in TubeStore.of(root / ANNOTATIONS).videos]
    return _split(names, read_test_list(root / TEST_LIST), root)


def require_files(root: Path) -> None:
    """`MissingDataError` that names the first file that is not there, and says where to get it."""
    for name in (ANNOTATIONS, TEST_LIST, POSES):
        if not (root / name).is_file():
            raise MissingDataError(f"{root / name}: no such file.\n{where_to_get(root)}")


def convert(root: Path, progress: Progress) -> None:
    """Convert the pickles into their memory-mapped form, unless that was done before. Raises as `read_skeletons`."""
    require_files(root)
    TubeStore.of(root / ANNOTATIONS)
    progress(1, 2)
    SkeletonStore.of(root / POSES)
    progress(2, 2)


def fingerprint(root: Path) -> str:
    """SHA-256 (hexadecimal) of the contents of the files that runs read; independent of where they lie.

    The digests of the pickles are those that their converted forms were made from. Raises as `read_skeletons` does.
    """
    require_files(root)
    digests = {
        ANNOTATIONS: store_digest(TubeStore.of(root / ANNOTATIONS)),
        POSES: store_digest(SkeletonStore.of(root / POSES)),
        TEST_LIST: content_digest(root / TEST_LIST),
    }
    return hashlib.sha256("\n".join(f"{name} {digests[name]}" for name in sorted(digests)).encode()).hexdigest()


def verify(root: Path, progress: Progress, *, counts: Mapping[Split, Count] = COUNTS) -> list[str]:
    """Read every file, the converted ones aside; what is wrong, one line each.

    Looks at each tube and each video's skeletons as the readers do, at the number of videos and of tubes of each split,
    and at whether each annotated video has skeletons. The files of the MOC layout are read where they are.
    """
    problems: list[str] = []
    try:
        require_files(root)
        videos = read_pyannot(root / ANNOTATIONS, problems.append)
        progress(1, 3)
        problems += _count_problems(root, videos, counts)
        posed = {skeletons.video for skeletons in read_pose_pickle(root / POSES, problems.append)}
        progress(2, 3)
        problems += [f"{root / POSES}: no skeletons of {video.name}" for video in videos if video.name not in posed]
        if (root / MOC).is_file():
            read_moc(root / MOC, problems.append)
        progress(3, 3)
    except UserError as error:
        problems.append(str(error))
    return problems


def where_to_get(root: Path) -> str:
    return (
        f"Put three files under {root}: {ANNOTATIONS} and {TEST_LIST} of the corrected annotations "
        "(github.com/gurkirt/corrected-UCF101-Annots; the list lies next to them), and the HRNet skeletons "
        f"{POSES}, which PYSKL distributes (linked in github.com/kennymckormick/pyskl, tools/data/README.md), or your "
        "own in the same form: provbench data extract-keypoints writes them."
    )


def _split(names: list[str], test: tuple[str, ...], root: Path) -> dict[Split, tuple[str, ...]]:
    unknown = set(test) - set(names)
    if unknown:
        raise UserError(
            f"{root / TEST_LIST}: lists {len(unknown)} videos that {ANNOTATIONS} does not have, such as "
            f"{min(unknown)}: take the list that comes with the corrected annotations"
        )
    chosen: dict[Split, list[str]] = {split: [] for split in SPLITS}
    tested = set(test)
    for name in names:
        split = "test" if name in tested else "val" if video_group(name) in VAL_GROUPS else "train"
        chosen[split].append(name)
    return {split: tuple(members) for split, members in chosen.items()}


def _count_problems(root: Path, videos: list[AnnotatedVideo], counts: Mapping[Split, Count]) -> list[str]:
    tubes = {video.name: len(video.tracks) for video in videos}
    problems = []
    for split, members in _split(list(tubes), read_test_list(root / TEST_LIST), root).items():
        found = Count(len(members), int(np.sum([tubes[name] for name in members])))
        if found != counts[split]:
            problems.append(
                f"{root / ANNOTATIONS}: expected {counts[split].videos} videos and {counts[split].tubes} tubes in "
                f"{split} (got {found.videos} and {found.tubes})"
            )
    return problems
