from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from provbench.benchmarks.ucf101_24.annotations import CLASSES, read_pyannot, read_test_list, video_group
from provbench.benchmarks.ucf101_24.data import ANNOTATIONS, POSES, SPLITS, TEST_LIST, split_videos, verify
from provbench.benchmarks.ucf101_24.mini import (
    ACTIONS,
    GESTURES,
    GROUPS,
    MINI,
    MiniSet,
    generate,
    make_scene,
    render_frames,
    write,
)
from provbench.benchmarks.ucf101_24.skeletons import read_pose_pickle

SMALL = MiniSet(train=48, val=8, test=16)


def quiet(done: int, total: int) -> None:
    pass


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ucf101-24-mini")
    write(folder, quiet, SMALL)
    return folder


def test_the_set_verifies_and_has_the_counts_that_were_asked_for(small: Path) -> None:
    assert verify(small, quiet, counts=SMALL.counts()) == []
    assert {split: len(names) for split, names in split_videos(small).items()} == {"train": 48, "val": 8, "test": 16}


def test_the_default_set() -> None:
    """Every class in every split, in groups of the official numbers; some videos with two tubes."""
    counts = MINI.counts()

    assert {split: counts[split].videos for split in SPLITS} == {"train": 240, "val": 60, "test": 120}
    for split in SPLITS:
        names = MINI.videos(split)
        assert len(set(names)) == len(names)
        assert {name.partition("/")[0] for name in names} == set(ACTIONS) <= set(CLASSES)
        assert {video_group(name) for name in names} == set(GROUPS[split])
        assert 1.1 * len(names) < counts[split].tubes < 1.3 * len(names)


def test_the_same_parameters_give_the_same_files(small: Path, tmp_path: Path) -> None:
    for name, mini in (("again", SMALL), ("other", replace(SMALL, seed=SMALL.seed + 1))):
        (tmp_path / name).mkdir()
        write(tmp_path / name, quiet, mini)

    for name in (POSES, ANNOTATIONS, TEST_LIST):
        assert (tmp_path / "again" / name).read_bytes() == (small / name).read_bytes()
    for name in (POSES, ANNOTATIONS):
        assert (tmp_path / "other" / name).read_bytes() != (small / name).read_bytes()


def test_a_video_does_not_depend_on_the_others() -> None:
    name = MINI.videos("train")[5]

    np.testing.assert_array_equal(make_scene(name, MINI).joints, make_scene(name, SMALL).joints)


def test_the_set_is_generated_once(tmp_path: Path) -> None:
    root, seen = tmp_path / "ucf101-24-mini", []

    assert generate(root, lambda done, total: seen.append((done, total)), SMALL)
    assert seen == [(done, 72) for done in range(1, 73)]
    assert not generate(root, quiet, SMALL)
    assert generate(root, quiet, replace(SMALL, correlation=0))
    assert json.loads((root / "VERSION.json").read_text())["parameters"]["correlation"] == 0


def test_tubes_hold_their_performer_for_part_of_the_video(small: Path) -> None:
    for video in read_pyannot(small / ANNOTATIONS):
        scene = make_scene(video.name, SMALL)
        assert SMALL.shortest <= video.num_frames <= SMALL.longest
        assert len(video.tracks) == len(scene.performances) < len(scene.joints)
        for (frames, boxes), (person, start, stop) in zip(video.tracks, scene.performances, strict=True):
            assert frames.tolist() == list(range(start, stop))
            assert 0.35 * video.num_frames < len(frames) < 0.85 * video.num_frames
            joints = scene.joints[person, start:stop].clip(0, (320, 240))
            assert (joints >= boxes[:, None, :2]).all()
            assert (joints <= boxes[:, None, 2:]).all()


def test_the_annotations_have_the_real_files_quirks(small: Path, shared_data: Path) -> None:
    """uint8 and uint16 boxes whose corners do not fit in them, and a number of frames that is a uint8."""
    mini, real = (
        pickle.loads(path.read_bytes()) for path in (small / ANNOTATIONS, shared_data / "ucf101_24" / "pyannot.pkl")
    )
    kinds = []
    for content in (mini, real):
        tubes = [tube for video in content.values() for tube in video["annotations"]]
        kinds.append({tube["boxes"].dtype for tube in tubes})
        assert {tuple(sorted(tube)) for tube in tubes} == {("boxes", "ef", "label", "sf")}
        assert {tuple(sorted(video)) for video in content.values()} == {("annotations", "label", "numf")}
        assert any(isinstance(video["numf"], np.unsignedinteger) for video in content.values())
        corners = [tube["boxes"][:, 0].astype(int) + tube["boxes"][:, 2] for tube in tubes]
        assert any(
            corner.max() > 255 and tube["boxes"].dtype == np.uint8 for tube, corner in zip(tubes, corners, strict=True)
        )
    assert kinds[0] <= kinds[1]


def test_skeletons_have_a_pose_estimators_flaws(small: Path) -> None:
    """Of what is really there: some joints and some people are missing, the rest is a little off, the order changes."""
    joints = found = people = detected = swaps = 0
    for video in read_pose_pickle(small / POSES):
        scene = make_scene(video.video, SMALL)
        present = np.any(video.scores, axis=2, keepdims=True)[..., 0]
        assert not video.keypoints[video.scores == 0].any()
        assert (present[:-1] >= present[1:]).all()  # the rows of zeros come last
        joints, found = joints + 17 * present.sum(), found + (video.scores > 0).sum()
        people, detected = people + scene.joints[..., 0, 0].size, detected + present.sum()
        owners = []
        for frame in range(video.num_frames):
            for row in np.flatnonzero(present[:, frame]):
                seen = video.scores[row, frame] > 0
                off = np.linalg.norm(scene.joints[:, frame, seen] - video.keypoints[row, frame, seen], axis=-1).mean(
                    axis=1
                )
                assert off.min() < 0.03 * 115
                owners += [off.argmin()] if row == 0 else []
        swaps += np.count_nonzero(np.diff(owners))

    assert 0.9 < found / joints < 0.96
    assert 0.85 < detected / people < 0.99
    assert swaps > 50


def test_gestures_go_with_actions_in_training_alone() -> None:
    """With a correlation of 1 all bystanders of an action's training videos look alike; in the test they do not."""
    tied = replace(MINI, correlation=1.0)

    def kinds(split) -> int:
        """Distinct poses of bystanders, by how far their wrists are from their hips, in units of their height."""
        seen = []
        for name in tied.videos(split):
            if name.startswith("GolfSwing"):
                scene = make_scene(name, tied)
                for person in range(len(scene.performances), len(scene.joints)):
                    reach = scene.joints[person, :, 10] - scene.joints[person, :, 12]
                    seen.append(np.hypot(*reach.mean(axis=0)) / scene.heights[person])
        return len(set(np.round(np.array(seen), 1).tolist()))

    assert kinds("train") < kinds("test")


def test_actions_differ_from_each_other_and_from_gestures() -> None:
    phase = np.linspace(0, 2 * np.pi, 16)
    poses = [motion(phase) for motion in (*ACTIONS.values(), *GESTURES.values())]

    for place, one in enumerate(poses):
        for other in poses[place + 1 :]:
            assert np.abs(one - other).max(axis=1).mean() > 25


def test_frames_show_the_people(small: Path) -> None:
    name = SMALL.videos("train")[0]
    scene, frames = make_scene(name, SMALL), render_frames(name, SMALL)

    assert frames.shape == (scene.joints.shape[1], 240, 320, 3)
    assert frames.dtype == np.uint8
    np.testing.assert_array_equal(frames, render_frames(name, SMALL))
    moving = (frames != frames[0]).any(axis=(0, 3))
    rows, columns = np.nonzero(moving)
    boxes = np.concatenate([scene.boxes(person) for person in range(len(scene.joints))])
    assert boxes[:, 0].min() - 5 <= columns.min()
    assert columns.max() <= boxes[:, 2].max() + 5
    assert boxes[:, 1].min() - 5 <= rows.min()
    assert rows.max() <= boxes[:, 3].max() + 5


def test_only_the_sets_own_videos_can_be_drawn() -> None:
    for name in ("Biking/v_Biking_g01_c01", "v_Fencing_g01_c01", "Fencing"):
        with pytest.raises(ValueError, match="the mini set has videos such as Fencing/v_Fencing_g08_c01"):
            render_frames(name)


def test_the_test_list_is_the_test_split(small: Path) -> None:
    assert set(read_test_list(small / TEST_LIST)) == set(SMALL.videos("test"))
