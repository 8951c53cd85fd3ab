"""Readers of UCF101-24's annotations: tubes from `pyannot.pkl` or `UCF101v2-GT.pkl`, and the list of test videos."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from provbench.registry.base import UserError, load_pickle

from ..common import read_lines

CLASSES = (
    "Basketball",
    "BasketballDunk",
    "Biking",
    "CliffDiving",
    "CricketBowling",
    "Diving",
    "Fencing",
    "FloorGymnastics",
    "GolfSwing",
    "HorseRiding",
    "IceDancing",
    "LongJump",
    "PoleVault",
    "RopeClimbing",
    "SalsaSpin",
    "SkateBoarding",
    "Skiing",
    "Skijet",
    "SoccerJuggling",
    "Surfing",
    "TennisSwing",
    "TrampolineJumping",
    "VolleyballSpiking",
    "WalkingWithDog",
)
"""Names of the classes, by label, in both annotation files."""

FRAME = (240, 320)
"""Height and width of every video of UCF101 in pixels; `pyannot.pkl` does not say."""

TOLERANCE = 1.0
"""Pixels that a box may reach beyond its frame. The corrected annotations never do; files that count pixels from 1 do
by one."""

Complain = Callable[[str], None]
"""Handler of an error in a file: it raises, or notes the error, in which case the piece is skipped."""


def refuse(problem: str) -> None:
    """Raise `UserError`."""
    raise UserError(problem)


@dataclass(frozen=True)
class AnnotatedVideo:
    """A video, and where its action takes place.

    name: `Class/v_Class_g01_c01`. tracks: for each tube its frames (n,) int64, counted from 0 and rising, and its boxes
    (n, 4) float32 as x0 y0 x1 y1 in pixels.
    """

    name: str
    label: int
    num_frames: int
    tracks: tuple[tuple[np.ndarray, np.ndarray], ...]

    def tubes(self) -> list[dict[str, Any]]:
        """The tubes in the form of `metrics`."""
        return [
            {"video": self.name, "label": self.label, "frames": frames, "boxes": boxes} for frames, boxes in self.tracks
        ]


_NAME = re.compile(r"(?:.*/)?v_(?P<cls>[A-Za-z]+)_g(?P<group>\d\d)_c(?P<clip>\d\d)(?:\.avi)?")


def video_name(text: object) -> str | None:
    """`Class/v_Class_g01_c01` for any spelling of the video's name, with or without folder and `.avi`; else None."""
    match = _NAME.fullmatch(text) if isinstance(text, str) else None
    return None if match is None else f"{match['cls']}/v_{match['cls']}_g{match['group']}_c{match['clip']}"


def video_group(name: str) -> int:
    """The group of a video: those cut from one source, which share people and place."""
    return int(_parts(name)["group"])


def video_source(name: str) -> str:
    """Returns `Class/g01`, the source that a video was cut from. Groups of one number in two classes are no one
    source.
    """
    parts = _parts(name)
    return f"{parts['cls']}/g{parts['group']}"


def _parts(name: str) -> re.Match[str]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"a video's name looks like Class/v_Class_g01_c01 (got {name!r})")
    return match


def read_test_list(path: Path) -> tuple[str, ...]:
    """The videos of the 24 classes in the list, in its order; those of UCF101's other classes are passed over.

    Raises `MissingDataError` where there is no such file, and `UserError` with file and line for a line that is no
    video's name, and for a video that is listed twice.
    """
    seen: dict[str, int] = {}
    for line in read_lines(path, ("video",), None):
        name = video_name(line["video"])
        if name is None:
            raise line.error("expected a video such as Biking/v_Biking_g01_c01", line["video"])
        if name.partition("/")[0] not in CLASSES:
            continue
        if name in seen:
            raise line.error(f"each video must be listed once, and this one is on line {seen[name]} too", name)
        seen[name] = line.number
    return tuple(seen)


def read_pyannot(path: Path, complain: Complain = refuse) -> list[AnnotatedVideo]:
    """The videos of the corrected annotations, in the file's order.

    The file is a dict by video: `numf`, `label`, and `annotations` with `label`, `boxes` (n, 4) as x, y, width, height,
    `sf` and `ef`, the first frame from 0 and the one after the last. Boxes of type uint8 and uint16 are widened before
    anything is added to them.

    complain: gets a line for each video or tube that cannot be right, which is then left out: a class that is not one
    of the 24 or not the name's, frames outside the video, boxes that are not finite or leave the frame by more than
    `TOLERANCE`. Raises as `load_pickle` does, and `UserError` for a file of another form.
    """
    content = load_pickle(path)
    if not isinstance(content, dict) or not content:
        raise UserError(f"{path}: expected a dict of videos (got {_kind(content)})")
    videos = []
    for name, entry in content.items():
        where = f"{path}: {name!r}"
        fields = _fields(entry, {"numf": int, "label": int, "annotations": list}, where, complain)
        if fields is None or not _known(name, fields["label"], where, complain):
            continue
        if fields["numf"] < 1:
            complain(f"{where}: numf must be at least 1 (got {fields['numf']})")
            continue
        tracks = []
        for number, tube in enumerate(fields["annotations"]):
            track = _pyannot_track(tube, fields, f"{where}: tube {number}", complain)
            if track is not None:
                tracks.append(track)
        videos.append(AnnotatedVideo(name, fields["label"], fields["numf"], tuple(tracks)))
    return videos


def read_moc(path: Path, complain: Complain = refuse) -> list[AnnotatedVideo]:
    """The videos of `UCF101v2-GT.pkl`, the layout of ACT and MOC, in the order of the file's `gttubes`.

    The file is a dict: `labels`, the classes' names; `nframes` and `resolution` (height, width) by video; `gttubes`,
    by video and label, lists of arrays (n, 5): frame from 1, x0, y0, x1, y1. Its own lists of training and test videos
    are not read. Raises and complains as `read_pyannot` does.
    """
    content = load_pickle(path)
    forms = {"labels": list, "nframes": dict, "resolution": dict, "gttubes": dict}
    fields = _fields(content, forms, str(path), refuse)
    assert fields is not None
    labels = [CLASSES.index(name) if name in CLASSES else -1 for name in fields["labels"]]
    videos = []
    for name, by_label in fields["gttubes"].items():
        where = f"{path}: {name!r}"
        frames, size = fields["nframes"].get(name), fields["resolution"].get(name)
        if not isinstance(frames, int) or not _is_size(size) or not isinstance(by_label, dict):
            complain(f"{where}: expected nframes, resolution (height, width) and tubes by label")
            continue
        found = {labels[key] if isinstance(key, int) and 0 <= key < len(labels) else -1 for key in by_label}
        label = found.pop() if len(found) == 1 else -1
        if not _known(name, label, where, complain):
            continue
        tracks = []
        for number, tube in enumerate(tube for tubes in by_label.values() for tube in tubes):
            if not isinstance(tube, np.ndarray) or tube.ndim != 2 or tube.shape[1] != 5:
                complain(f"{where}: tube {number}: expected an array (n, 5) (got {_kind(tube)})")
                continue
            boxes = tube[:, 1:].astype(np.float64)
            track = _track(tube[:, 0] - 1.0, boxes, frames, size, f"{where}: tube {number}", complain)
            if track is not None:
                tracks.append(track)
        videos.append(AnnotatedVideo(name, label, frames, tuple(tracks)))
    return videos


def _pyannot_track(
    tube: object, video: Mapping[str, Any], where: str, complain: Complain
) -> tuple[np.ndarray, np.ndarray] | None:
    fields = _fields(tube, {"label": int, "sf": int, "ef": int, "boxes": np.ndarray}, where, complain)
    if fields is None:
        return None
    if fields["label"] != video["label"]:
        complain(f"{where}: label must be its video's, {video['label']} (got {fields['label']})")
        return None
    boxes, length = fields["boxes"], fields["ef"] - fields["sf"]
    if boxes.shape != (length, 4) or boxes.dtype.kind not in "uif":
        complain(f"{where}: boxes must be ({length}, 4), one for each frame from sf to ef (got {boxes.shape})")
        return None
    wide = boxes.astype(np.float64)  # x + width of a uint8 is one modulo 256
    corners = np.concatenate([wide[:, :2], wide[:, :2] + wide[:, 2:]], axis=1)
    frames = np.arange(fields["sf"], fields["ef"])
    return _track(frames, corners, video["numf"], FRAME, where, complain)


def _track(
    frames: np.ndarray, boxes: np.ndarray, num_frames: int, size: Sequence[int], where: str, complain: Complain
) -> tuple[np.ndarray, np.ndarray] | None:
    """The frames and boxes of a tube that can be right, or None, after a complaint. boxes: (n, 4) corners, float64."""
    height, width = size
    whole = np.rint(frames).astype(np.int64)
    if not len(frames) or not (frames == whole).all() or (np.diff(whole) <= 0).any():
        complain(f"{where}: frames must be whole numbers, rising")
        return None
    if whole[0] < 0 or whole[-1] >= num_frames:
        complain(f"{where}: frames must lie in 0..{num_frames - 1} (got {whole[0]} to {whole[-1]})")
        return None
    low, high = boxes[:, :2], boxes[:, 2:]
    inside = (low >= -TOLERANCE).all(axis=1) & (high <= np.array([width, height]) + TOLERANCE).all(axis=1)
    wrong = np.flatnonzero(~(np.isfinite(boxes).all(axis=1) & (high > low).all(axis=1) & inside))
    if len(wrong):
        box = ", ".join(f"{value:g}" for value in boxes[wrong[0]])
        complain(
            f"{where}: boxes must be finite, not empty and inside {width}x{height} pixels "
            f"(got {box} in frame {whole[wrong[0]]})"
        )
        return None
    return whole, boxes.astype(np.float32)


def _known(name: object, label: int, where: str, complain: Complain) -> bool:
    """Returns whether the name is a video's whose class is the label's."""
    if not isinstance(name, str) or video_name(name) != name:
        complain(f"{where}: expected a video's name such as Biking/v_Biking_g01_c01")
        return False
    own = name.partition("/")[0]
    if own not in CLASSES or not 0 <= label < len(CLASSES) or CLASSES[label] != own:
        known = CLASSES.index(own) if own in CLASSES else f"one of 0..{len(CLASSES) - 1}"
        complain(f"{where}: label must be {known}, its class's (got {label})")
        return False
    return True


def _fields(entry: object, kinds: Mapping[str, type], where: str, complain: Complain) -> dict[str, Any] | None:
    """The entry, if it is a dict with fields of these kinds."""
    if not isinstance(entry, dict):
        complain(f"{where}: expected a dict with {', '.join(kinds)} (got {_kind(entry)})")
        return None
    for field, kind in kinds.items():
        if not isinstance(entry.get(field), kind):
            complain(f"{where}: {field} must be of type {kind.__name__} (got {_kind(entry.get(field))})")
            return None
    return entry


def _is_size(value: object) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2 and all(isinstance(n, int) and n > 0 for n in value)


def _kind(value: object) -> str:
    return f"an array {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
