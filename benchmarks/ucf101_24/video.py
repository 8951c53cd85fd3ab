"""Videos, frame by frame, by PyAV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from provbench.registry.base import MAX_PIXELS, MissingDataError, UserError

SUFFIXES = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm"})
"""Endings of the names of a folder's videos."""

TOLERATED = 0.05
"""Share of the frames that a file announces and may lack: encoders are off by a frame or two, a truncated copy by more.
One frame is always tolerated."""


class VideoError(UserError):
    """A video is broken or truncated; the message names the file."""


def find_videos(place: Path) -> list[Path]:
    """The videos below a folder, sorted, or the one video that `place` is.

    Raises `MissingDataError` where there is nothing, or no video in the folder.
    """
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise MissingDataError(f"{place}: no such video, and no such folder of videos")
    found = sorted(path for path in place.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise MissingDataError(f"{place}: no videos in it or below it ({', '.join(sorted(SUFFIXES))})")
    return found


def read_frames(path: Path, *, displayed: bool = False) -> Iterator[np.ndarray]:
    """The frames of a video's first video stream, one after the other: (H, W, 3) uint8 RGB, all of one size.

    Other pixel formats are converted by FFmpeg: gray levels go into all channels, and more than 8 bits are scaled.
    displayed: whether frames are turned by the quarters of a turn that the file asks players for, as files of phones
    do. By default they are returned as they are stored. UCF101's files ask for none.

    Raises `MissingDataError` where there is no such file, and `VideoError`, after the frames that could be read, for a
    file that is no video, is damaged, changes its size, has frames of more than `MAX_PIXELS` pixels, or has fewer
    frames than it announces.
    """
    import av
    from av.error import FFmpegError

    if not path.is_file():
        raise MissingDataError(f"{path}: no such video")
    count, shape = 0, None
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise VideoError(f"{path}: expected a video (got a file without a video stream)")
            stream = container.streams.video[0]
            announced = _announced(container, stream)
            if stream.width * stream.height > MAX_PIXELS:
                declared = _size((stream.height, stream.width))
                raise VideoError(f"{path}: frames may have at most {MAX_PIXELS:,} pixels (it declares {declared})")
            for frame in container.decode(stream):
                image = frame.to_ndarray(format="rgb24")
                if displayed:
                    image = np.ascontiguousarray(np.rot90(image, _quarters(path, frame.rotation)))
                shape = shape or image.shape
                if image.shape != shape:
                    raise VideoError(
                        f"{path}: all frames must be {_size(shape)} (frame {count} is {_size(image.shape)})"
                    )
                yield image
                count += 1
    except FFmpegError as error:
        reason = getattr(error, "strerror", None) or error
        raise VideoError(f"{path}: broken at frame {count}, or not a video ({reason})") from None
    if count == 0:
        raise VideoError(f"{path}: no frame of it can be decoded: broken or truncated")
    if announced - count > max(1.0, TOLERATED * announced):
        raise VideoError(f"{path}: truncated: it announces {announced} frames, and {count} can be decoded")


def write_video(path: Path, frames: Iterable[np.ndarray], rate: float = 25.0) -> None:
    """Encode frames (H, W, 3) uint8 RGB, all of one size, as H.264; the container is by the file's name.

    Odd sides get a black row or column, which the format needs. Raises `ValueError` where there are no frames.
    """
    from fractions import Fraction

    import av

    sequence = iter(frames)
    first = next(sequence, None)
    if first is None:
        raise ValueError("a video needs frames")
    height, width = first.shape[:2]
    even = ((0, height % 2), (0, width % 2), (0, 0))
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=Fraction(rate).limit_denominator(1000))
        stream.height, stream.width, stream.pix_fmt = height + height % 2, width + width % 2, "yuv420p"
        stream.options = {"crf": "18"}
        for image in (first, *sequence):
            padded = np.ascontiguousarray(np.pad(image, even))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(padded, format="rgb24")))
        container.mux(stream.encode())


def _quarters(path: Path, degrees: int) -> int:
    """Quarters of a turn, counterclockwise."""
    if degrees % 90:
        raise VideoError(f"{path}: frames can be turned by quarters of a turn only (it asks for {degrees} degrees)")
    return degrees // 90


def _announced(container: Any, stream: Any) -> int:
    """Frames that the file's header promises; 0 where it says nothing."""
    if stream.frames:
        return stream.frames
    if container.duration is None or not stream.average_rate:
        return 0
    return round(container.duration / 1e6 * float(stream.average_rate))  # ffmpeg's unit is a microsecond


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}x{shape[0]} pixels"
