"""Decoding of videos, on videos that are encoded here."""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from provbench.benchmarks.ucf101_24 import video
from provbench.benchmarks.ucf101_24.video import VideoError, find_videos, read_frames, write_video
from provbench.registry import MissingDataError


def smooth_frames(count: int = 12, height: int = 96, width: int = 96) -> np.ndarray:
    """A bright square that moves to the right over a gradient: survives compression."""
    column = np.linspace(20, 120, width)[None, :, None] * np.ones((height, 1, 3))
    frames = np.repeat(column[None], count, axis=0)
    for number, frame in enumerate(frames):
        frame[30:60, 4 * number : 4 * number + 30] = (220, 60, 20)
    return frames.astype(np.uint8)


def encode(path: Path, frames: np.ndarray, codec: str, pix_fmt: str) -> Path:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=25)
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], pix_fmt
        for image in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return path


def test_a_lossless_video_comes_back_as_it_was(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (5, 32, 48, 3), dtype=np.uint8)
    decoded = list(read_frames(encode(tmp_path / "a.mkv", frames, "ffv1", "bgr0")))
    np.testing.assert_array_equal(np.stack(decoded), frames)
    assert decoded[0].dtype == np.uint8


@pytest.mark.parametrize("shape", [(96, 96), (95, 97)])
def test_what_is_written_is_read(tmp_path: Path, shape: tuple[int, int]) -> None:
    frames = smooth_frames(10, *shape)
    write_video(tmp_path / "a.mp4", frames, rate=12.5)
    decoded = np.stack(list(read_frames(tmp_path / "a.mp4")))
    assert decoded.shape[1:3] == (96, 96 + 2 * (shape[1] % 2))
    seen = decoded[:, : shape[0], : shape[1]].astype(int)
    assert np.abs(seen - frames).mean() < 3
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.video[0].average_rate == 12.5


@pytest.mark.parametrize(("suffix", "codec", "pix_fmt"), [("avi", "mpeg4", "yuv420p"), ("mkv", "ffv1", "bgr0")])
def test_a_truncated_video_is_told_after_its_frames(tmp_path: Path, suffix: str, codec: str, pix_fmt: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (12, 96, 96, 3), dtype=np.uint8)
    path = encode(tmp_path / f"a.{suffix}", noise, codec, pix_fmt)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    frames = read_frames(path)
    assert next(frames).shape == (96, 96, 3)
    with pytest.raises(VideoError, match=rf"a\.{suffix}: truncated: it announces 12 frames, and \d can be decoded"):
        list(frames)


def test_a_video_whose_index_is_cut_off_is_broken(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", smooth_frames())
    content = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(content[: len(content) // 2])
    with pytest.raises(VideoError, match=r"a\.mp4: broken at frame 0, or not a video"):
        list(read_frames(tmp_path / "a.mp4"))


def test_garbage_inside_a_video_is_told(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (12, 96, 96, 3), dtype=np.uint8)
    path = encode(tmp_path / "a.mkv", frames, "ffv1", "bgr0")
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 3000] = b"\x55" * 3000
    path.write_bytes(content)
    with pytest.raises(VideoError, match=r"a\.mkv: broken at frame [45]"):
        list(read_frames(path))


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>" * 50])
def test_files_that_are_no_videos(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.avi").write_bytes(content)
    with pytest.raises(VideoError, match=r"a\.avi"):
        list(read_frames(tmp_path / "a.avi"))


def test_sound_is_no_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream: Any = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(VideoError, match="without a video stream"):
        list(read_frames(tmp_path / "a.mkv"))


def test_finding_videos(tmp_path: Path) -> None:
    for name in ("b/v_Biking_g02_c01.AVI", "a/v_Biking_g01_c01.mp4", "a/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_videos(tmp_path)
    assert [path.name for path in found] == ["v_Biking_g01_c01.mp4", "v_Biking_g02_c01.AVI"]
    assert find_videos(found[0]) == [found[0]]
    with pytest.raises(MissingDataError, match="no such video"):
        find_videos(tmp_path / "c")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingDataError, match="no videos in it"):
        find_videos(tmp_path / "empty")
    with pytest.raises(MissingDataError, match="no such video"):
        list(read_frames(tmp_path / "gone.avi"))


def test_a_video_needs_frames(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs frames"):
        write_video(tmp_path / "a.mp4", [])
    assert not (tmp_path / "a.mp4").exists()


@pytest.mark.parametrize(("codec", "pix_fmt"), [("ffv1", "gray"), ("ffv1", "gray16le"), ("ffv1", "yuv444p10le")])
def test_other_kinds_of_pixels_are_scaled_to_eight_bits(tmp_path: Path, codec: str, pix_fmt: str) -> None:
    levels = np.repeat(np.linspace(16, 235, 32, dtype=np.uint8)[None, :, None], 3, axis=2)
    frames = np.repeat(np.repeat(levels, 32, axis=0)[None], 2, axis=0)
    decoded = np.stack(list(read_frames(encode(tmp_path / "a.mkv", frames, codec, pix_fmt))))
    assert np.abs(decoded.astype(int) - frames).max() <= 2


def test_frames_are_turned_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_video(path, smooth_frames(3, 64, 96))
    stored = np.stack(list(read_frames(path)))
    content = path.read_bytes()
    matrix = content.index(b"tkhd") + 4 + 40
    clockwise = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 64 << 16, 0, 1 << 30)
    path.write_bytes(content[:matrix] + clockwise + content[matrix + 36 :])
    np.testing.assert_array_equal(np.stack(list(read_frames(path))), stored)
    np.testing.assert_array_equal(np.stack(list(read_frames(path, displayed=True))), np.rot90(stored, -1, axes=(1, 2)))


def test_frames_beyond_the_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_video(tmp_path / "a.mp4", smooth_frames(2))
    monkeypatch.setattr(video, "MAX_PIXELS", 96 * 96 - 1)
    with pytest.raises(VideoError, match=r"a\.mp4: .*it declares 96x96 pixels"):
        next(read_frames(tmp_path / "a.mp4"))


def test_a_playlist_cannot_ask_for_the_network(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.ts"
        (tmp_path / "a.mp4").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}\n#EXT-X-ENDLIST\n")
        with pytest.raises(VideoError, match=r"a\.mp4"):
            list(read_frames(tmp_path / "a.mp4"))
        with pytest.raises(TimeoutError):
            server.accept()
