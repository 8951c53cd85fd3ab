"""From videos to a pose file: the bookkeeping with a stand-in for the networks, and the whole with small networks."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from provbench.benchmarks.ucf101_24.data import CLASSES
from provbench.benchmarks.ucf101_24.extraction import BATCH, extract, parts_folder, skeletons
from provbench.benchmarks.ucf101_24.poses import People
from provbench.benchmarks.ucf101_24.skeletons import read_pose_pickle
from provbench.benchmarks.ucf101_24.video import write_video
from provbench.registry import UserError
from provbench.registry.base import load_pickle


def people_of(frame: np.ndarray) -> People:
    """As many people as the frame's first pixel says (modulo 4), every number a function of the frame."""
    count, value = int(frame[0, 0, 0]) % 4, float(frame[0, 0, 0])
    rank = np.arange(count, dtype=np.float32)
    keypoints = np.full((count, 17, 2), value, np.float32) + rank[:, None, None]
    return People(np.zeros((count, 4), np.float32), 1 - rank / 10, keypoints, np.full((count, 17), 0.5, np.float32))


class Estimator:
    """Counts what it is asked, and stops like a killed process after so many batches."""

    def __init__(self, batches: int = 10**9) -> None:
        self.batches = batches
        self.sizes: list[int] = []

    def __call__(self, frames: Sequence[np.ndarray]) -> list[People]:
        if len(self.sizes) == self.batches:
            raise KeyboardInterrupt
        self.sizes.append(len(frames))
        return [people_of(frame) for frame in frames]


def flat_frames(values: Sequence[int], height: int = 96, width: int = 64) -> np.ndarray:
    return np.stack([np.full((height, width, 3), value, np.uint8) for value in values])


MakeVideo = Callable[..., Path]


@pytest.fixture
def make_video(tmp_path: Path) -> MakeVideo:
    def make(name: str, length: int = 9, seed: int = 0) -> Path:
        path = tmp_path / "videos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(seed).integers(0, 256, (length, 96, 96, 3), dtype=np.uint8)
        write_video(path, noise)
        return path

    return make


def silent(done: int, total: int) -> None:
    pass


def test_the_people_of_each_frame_stand_where_they_belong() -> None:
    values = [41, 42, 43, 44, 45, 46, 40, 40, 41, 42]
    estimate = Estimator()
    arrays = skeletons(flat_frames(values), estimate)
    assert arrays["keypoint"].shape == (3, 10, 17, 2)
    assert arrays["keypoint"].dtype == np.float32
    assert arrays["keypoint_score"].shape == (3, 10, 17)
    assert arrays["shape"].tolist() == [96, 64]
    assert estimate.sizes == [BATCH, BATCH, 2]
    for place, value in enumerate(values):
        for person in range(3):
            there = person < value % 4
            assert (arrays["keypoint_score"][person, place] == (0.5 if there else 0)).all()
            assert (arrays["keypoint"][person, place] == (value + person if there else 0)).all()


def test_every_third_frame() -> None:
    arrays = skeletons(flat_frames(range(41, 49)), Estimator(), every=3)
    assert arrays["keypoint"].shape == (3, 8, 17, 2)  # frames 41, 44 and 47: one, none and three people
    assert np.flatnonzero(arrays["keypoint_score"].any(axis=(0, 2))).tolist() == [0, 6]
    assert arrays["keypoint"][2, 6, 0, 0] == 49


def test_a_video_without_people_has_one_that_is_never_there() -> None:
    arrays = skeletons(flat_frames([40, 44]), Estimator())
    assert arrays["keypoint"].shape == (1, 2, 17, 2)
    assert not arrays["keypoint_score"].any()
    with pytest.raises(ValueError, match="every must be at least 1"):
        skeletons(flat_frames([40]), Estimator(), every=0)
    with pytest.raises(ValueError, match="needs frames"):
        skeletons([], Estimator())


def test_the_file_is_a_pose_dataset(make_video: MakeVideo, tmp_path: Path) -> None:
    videos = [
        make_video("Biking/v_Biking_g09_c01.mp4"),
        make_video("v_Basketball_g03_c02.mp4", 5, seed=1),
    ]
    progress: list[tuple[int, int]] = []
    result = extract(videos, tmp_path / "out" / "a.pkl", Estimator(), lambda *step: progress.append(step))
    assert result.done == ["v_Biking_g09_c01", "v_Basketball_g03_c02"]
    assert not result.kept
    assert not result.broken
    assert progress == [(1, 2), (2, 2)]
    content = load_pickle(tmp_path / "out" / "a.pkl")
    assert content["split"] == {"train1": ["v_Biking_g09_c01"], "test1": ["v_Basketball_g03_c02"]}
    first, second = content["annotations"]
    assert set(first) == {
        "frame_dir",
        "label",
        "img_shape",
        "original_shape",
        "total_frames",
        "keypoint",
        "keypoint_score",
    }
    assert (first["frame_dir"], first["label"], first["total_frames"]) == ("v_Basketball_g03_c02", 0, 5)
    assert (second["frame_dir"], second["label"], second["total_frames"]) == ("v_Biking_g09_c01", 2, 9)
    assert first["img_shape"] == first["original_shape"] == (96, 96)
    read = list(read_pose_pickle(tmp_path / "out" / "a.pkl"))
    assert [video.video for video in read] == ["Basketball/v_Basketball_g03_c02", "Biking/v_Biking_g09_c01"]
    assert [CLASSES[video.label] for video in read if video.label is not None] == ["Basketball", "Biking"]
    assert [video.num_frames for video in read] == [5, 9]
    np.testing.assert_array_equal(read[0].keypoints, first["keypoint"])


def test_mmaction2_reads_the_file(make_video: MakeVideo, tmp_path: Path) -> None:
    from provbench.benchmarks.ucf101_24 import openmmlab

    openmmlab.mend()
    from mmaction.datasets import PoseDataset
    from mmengine.registry import DefaultScope

    videos = [make_video("v_Biking_g09_c01.mp4"), make_video("v_Biking_g01_c01.mp4")]
    extract(videos, tmp_path / "a.pkl", Estimator(), silent)
    with DefaultScope.overwrite_default_scope("mmaction"):
        dataset = PoseDataset(ann_file=str(tmp_path / "a.pkl"), pipeline=[], split="train1")
    assert len(dataset) == 1
    item = dataset.get_data_info(0)
    assert item["frame_dir"] == "v_Biking_g09_c01"
    assert item["label"] == 2
    assert item["keypoint"].shape[1:] == (9, 17, 2)


def test_the_labels_of_other_classes_are_in_ucf101s_order(make_video: MakeVideo, tmp_path: Path) -> None:
    names = ("v_HammerThrow_g01_c01", "v_Hammering_g01_c01", "v_Biking_g01_c01")
    extract([make_video(f"{name}.mp4", 3) for name in names], tmp_path / "a.pkl", Estimator(), silent)
    labels = {entry["frame_dir"]: entry["label"] for entry in load_pickle(tmp_path / "a.pkl")["annotations"]}
    assert labels == {"v_Biking_g01_c01": 0, "v_Hammering_g01_c01": 1, "v_HammerThrow_g01_c01": 2}


def test_an_interrupted_extraction_goes_on(make_video: MakeVideo, tmp_path: Path) -> None:
    videos = [make_video(f"v_Biking_g0{group}_c01.mp4", 9, seed=group) for group in (1, 2, 3)]
    extract(videos, tmp_path / "whole.pkl", Estimator(), silent)
    out = tmp_path / "a.pkl"
    with pytest.raises(KeyboardInterrupt):
        extract(videos, out, Estimator(batches=4), silent)  # a video of 9 frames has 3 batches
    assert not out.exists()
    assert sorted(path.name for path in parts_folder(out).iterdir()) == ["settings.json", "v_Biking_g01_c01.npz"]
    estimate = Estimator()
    result = extract(videos, out, estimate, silent)
    assert result.kept == ["v_Biking_g01_c01"]
    assert result.done == ["v_Biking_g02_c01", "v_Biking_g03_c01"]
    assert sum(estimate.sizes) == 18
    assert out.read_bytes() == (tmp_path / "whole.pkl").read_bytes()
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_damaged_part_is_done_again(make_video: MakeVideo, tmp_path: Path) -> None:
    video, out = make_video("v_Biking_g01_c01.mp4"), tmp_path / "a.pkl"
    extract([video], out, Estimator(), silent)
    part = parts_folder(out) / "v_Biking_g01_c01.npz"
    part.write_bytes(part.read_bytes()[:-40])
    assert extract([video], out, Estimator(), silent).done
    assert extract([video], out, Estimator(), silent).kept


def test_broken_videos_are_left_out_and_done_once_they_are_mended(make_video: MakeVideo, tmp_path: Path) -> None:
    good, bad, out = make_video("v_Biking_g01_c01.mp4"), make_video("v_Biking_g02_c01.mp4", seed=1), tmp_path / "a.pkl"
    content = bad.read_bytes()
    bad.write_bytes(content[: len(content) // 2])
    result = extract([good, bad], out, Estimator(), silent)
    assert result.done == ["v_Biking_g01_c01"]
    assert list(result.broken) == [bad]
    assert str(bad) in result.broken[bad]
    assert [entry["frame_dir"] for entry in load_pickle(out)["annotations"]] == ["v_Biking_g01_c01"]
    bad.write_bytes(content)
    result = extract([good, bad], out, Estimator(), silent)
    assert (result.kept, result.done, result.broken) == (["v_Biking_g01_c01"], ["v_Biking_g02_c01"], {})
    assert len(load_pickle(out)["annotations"]) == 2


def test_nothing_is_written_of_broken_videos_alone(make_video: MakeVideo, tmp_path: Path) -> None:
    video = make_video("v_Biking_g01_c01.mp4")
    video.write_bytes(b"")
    assert extract([video], tmp_path / "a.pkl", Estimator(), silent).broken
    assert not (tmp_path / "a.pkl").exists()


def test_parts_of_other_settings_are_refused(make_video: MakeVideo, tmp_path: Path) -> None:
    video, out = make_video("v_Biking_g01_c01.mp4"), tmp_path / "a.pkl"
    extract([video], out, Estimator(), silent, settings={"weights": "a"})
    with pytest.raises(UserError, match=r"a\.pkl\.parts: its videos were done with weights a \(now b\)\. Remove"):
        extract([video], out, Estimator(), silent, settings={"weights": "b"})
    with pytest.raises(UserError, match=r"every 1 \(now 2\)"):
        extract([video], out, Estimator(), silent, every=2, settings={"weights": "a"})
    (parts_folder(out) / "settings.json").write_text("{")
    with pytest.raises(UserError, match=r"settings\.json: damaged"):
        extract([video], out, Estimator(), silent, settings={"weights": "a"})


@pytest.mark.parametrize("name", ["holiday.mp4", "v_Biking_g1_c1.mp4"])
def test_names_must_be_ucf101s(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"expected a name that says class and group, such as v_Basketball_g01_c01"):
        extract([tmp_path / name], tmp_path / "a.pkl", Estimator(), silent)


def test_two_videos_of_one_name(tmp_path: Path) -> None:
    videos = [tmp_path / "v_Biking_g01_c01.avi", tmp_path / "b" / "v_Biking_g01_c01.mp4"]
    with pytest.raises(UserError, match="has the same name"):
        extract(videos, tmp_path / "a.pkl", Estimator(), silent)


def test_the_pickle_needs_numpy_alone(make_video: MakeVideo, tmp_path: Path) -> None:
    """Not even the reader that refuses everything else finds anything to refuse; and it is protocol 4."""
    extract([make_video("v_Biking_g01_c01.mp4")], tmp_path / "a.pkl", Estimator(), silent)
    content = (tmp_path / "a.pkl").read_bytes()
    assert content[:2] == pickle.PROTO + b"\x04"
    assert b"provbench" not in content
