from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from provbench.benchmarks.ucf101_24.annotations import CLASSES
from provbench.benchmarks.ucf101_24.skeletons import read_pose_pickle
from provbench.registry import UserError


def entry(name: str = "v_Biking_g08_c01", **fields: Any) -> dict[str, Any]:
    keypoints = np.arange(2 * 5 * 17 * 2, dtype=np.float16).reshape(2, 5, 17, 2) % 240
    scores = np.full((2, 5, 17), 0.5, dtype=np.float16)
    sizes = {"img_shape": (240, 320), "original_shape": (240, 320), "total_frames": 5, "label": 10}
    return {"frame_dir": name, "keypoint": keypoints, "keypoint_score": scores, **sizes, **fields}


def pose_file(path: Path, *entries: Any) -> Path:
    path.write_bytes(pickle.dumps({"split": {"train1": []}, "annotations": list(entries)}, protocol=4))
    return path


def test_a_video_is_read_as_it_stands(tmp_path: Path) -> None:
    (video,) = read_pose_pickle(pose_file(tmp_path / "poses.pkl", entry()))

    assert (video.video, video.label, video.shape) == ("Biking/v_Biking_g08_c01", CLASSES.index("Biking"), (240, 320))
    assert video.num_frames == 5
    assert video.keypoints.dtype == video.scores.dtype == np.float32
    np.testing.assert_array_equal(video.keypoints, entry()["keypoint"])
    np.testing.assert_array_equal(video.scores, entry()["keypoint_score"])


def test_other_classes_are_passed_over(tmp_path: Path) -> None:
    names = ("v_ApplyEyeMakeup_g01_c01", "Diving/v_Diving_g01_c01.avi", "v_YoYo_g25_c05")
    path = pose_file(tmp_path / "poses.pkl", *(entry(name) for name in names))

    assert [video.video for video in read_pose_pickle(path)] == ["Diving/v_Diving_g01_c01"]


def test_scores_below_zero_are_missing_joints(tmp_path: Path) -> None:
    scores = np.full((2, 5, 17), -0.01)
    (video,) = read_pose_pickle(pose_file(tmp_path / "poses.pkl", entry(keypoint_score=scores)))

    assert not video.scores.any()


def test_a_video_may_have_no_people(tmp_path: Path) -> None:
    nobody = entry(keypoint=np.zeros((0, 5, 17, 2)), keypoint_score=np.zeros((0, 5, 17)))
    (video,) = read_pose_pickle(pose_file(tmp_path / "poses.pkl", nobody))

    assert video.keypoints.shape == (0, 5, 17, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frame_dir": "biking"}, "annotation 1: frame_dir must be a video's name such as v_Biking_g01_c01"),
        (
            {"keypoint": np.zeros((2, 5, 18, 2))},
            r"keypoint must be an array .people, frames, 17, 2. .got .2, 5, 18, 2..",
        ),
        ({"keypoint_score": np.zeros((2, 4, 17))}, r"keypoint_score must be an array .2, 5, 17. .got .2, 4, 17.."),
        ({"keypoint": None}, "keypoint must be an array"),
        ({"keypoint": np.full((2, 5, 17, 2), np.inf)}, "must be finite numbers"),
        ({"keypoint": np.zeros((1, 0, 17, 2)), "keypoint_score": np.zeros((1, 0, 17))}, "must have frames .got 0."),
        ({"img_shape": (0, 320)}, r"img_shape must be .height, width. .got .0, 320.."),
        ({"img_shape": None}, "img_shape must be"),
        (
            {"frame_dir": "Diving/v_Diving_g01_c01"},
            "annotation 1, Diving/v_Diving_g01_c01: each video must be listed once",
        ),
    ],
)
def test_skeletons_that_cannot_be_right_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = pose_file(tmp_path / "poses.pkl", entry("v_Diving_g01_c01"), entry(**change))

    with pytest.raises(UserError, match=message) as caught:
        list(read_pose_pickle(path))
    assert str(caught.value).startswith(f"{path}: ")
    problems: list[str] = []
    assert len(list(read_pose_pickle(path, problems.append))) == 1
    assert problems == [str(caught.value)]


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "poses.pkl"
    for content in ([], {"annotations": {}}, 3):
        path.write_bytes(pickle.dumps(content))
        with pytest.raises(UserError, match="expected a dict with annotations"):
            list(read_pose_pickle(path))
