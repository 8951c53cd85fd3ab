"""From skeletons to point clouds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from provbench.benchmarks.training import collate
from provbench.benchmarks.ucf101_24.clips import (
    MIRRORED,
    ClipDataset,
    Jitter,
    Sampling,
    jitter,
    point_cloud,
    sample_frames,
    sample_people,
)
from provbench.benchmarks.ucf101_24.skeletons import Skeletons
from provbench.registry import UserError


def a_video(keypoints: np.ndarray, scores: np.ndarray) -> Skeletons:
    return Skeletons("Walk/v_Walk_g01_c01", 3, (240, 320), keypoints, scores)


def random_video(people: int = 3, frames: int = 12, missing: float = 0.2, seed: int = 0) -> Skeletons:
    rng = np.random.default_rng(seed)
    keypoints = rng.uniform((0, 0), (320, 240), (people, frames, 17, 2))
    scores = rng.uniform(0.1, 1, (people, frames, 17)) * (rng.random((people, frames, 17)) > missing)
    return a_video(keypoints.astype(np.float32), scores.astype(np.float32))


def test_frames_by_hand() -> None:
    assert sample_frames(12, 3).tolist() == [2, 6, 10]
    assert sample_frames(3, 3).tolist() == [0, 1, 2]
    assert sample_frames(2, 4).tolist() == [0, 1, -1, -1]


@settings(max_examples=60)
@given(
    length=st.integers(1, 60), count=st.integers(1, 20), crop=st.sampled_from([0.3, 0.8, 1.0]), seed=st.integers(0, 999)
)
def test_frames_ascend_inside_the_video(length: int, count: int, crop: float, seed: int) -> None:
    for rng in (None, np.random.default_rng(seed)):
        frames = sample_frames(length, count, rng, crop)
        known = frames[frames >= 0]
        assert frames.shape == (count,)
        assert len(known) >= 1
        assert (np.diff(known) > 0).all()
        assert known[-1] < length
        assert (frames[len(known) :] == -1).all()
        if rng is None:
            assert len(known) == min(length, count)
        if rng is None or crop == 1.0:
            edges = np.arange(len(known) + 1) * length // len(known)
            assert (edges[:-1] <= known).all()  # one frame of each share
            assert (known < edges[1:]).all()


def test_the_surest_people_of_each_frame_come_first() -> None:
    scores = np.zeros((3, 2, 17))
    scores[0, 0], scores[1, 0] = 0.3, 0.6
    scores[2, 1, :5] = 0.9
    people = sample_people(scores, np.array([0, 1, -1]), 2)
    assert people.tolist() == [[1, 0], [2, -1], [-1, -1]]
    assert sample_people(scores, np.array([0]), 5).tolist() == [[1, 0, -1, -1, -1]]


def test_followed_people_keep_their_place_whatever_their_order_in_the_frame() -> None:
    keypoints, scores = np.zeros((2, 30, 17, 2)), np.full((2, 30, 17), 0.5)
    body = np.stack([np.linspace(0, 40, 17), np.linspace(0, 80, 17)], axis=1)
    keypoints[0], keypoints[1] = body, body + np.array([150, 50])
    keypoints[:, 10:20] = keypoints[::-1, 10:20]  # the two change places in the file
    scores[0, 25:] = 0  # the first one leaves
    scores[1, :10] = scores[1, 20:] = scores[0, 10:20] = 0.9  # and is the less sure one
    dataset = ClipDataset([a_video(keypoints, scores)], Sampling(6, 3, follow=True))
    frames, people = dataset.sample(0)
    assert frames.tolist() == [2, 7, 12, 17, 22, 27]
    assert people.tolist() == [[1, 0, -1], [1, 0, -1], [0, 1, -1], [0, 1, -1], [1, 0, -1], [1, -1, -1]]
    x = dataset[0]["image"][0].view(6, 3, 17)[:, :, 0]
    assert bool((x[:, 0] == x[0, 0]).all())


def test_a_cloud_by_hand() -> None:
    keypoints, scores = np.zeros((2, 5, 17, 2)), np.zeros((2, 5, 17))
    keypoints[1, 2, 4], scores[1, 2, 4] = (320, 0), 0.5
    keypoints[0, 4, 16], scores[0, 4, 16] = (160, 120), 1.25  # some pose estimators are surer than sure
    keypoints[0, 2, 3] = (50, 50)  # missing
    cloud = point_cloud(a_video(keypoints, scores), np.array([0, 2, 4]), np.array([[0], [1], [0]]))
    assert cloud.shape == (5, 3, 17)
    np.testing.assert_allclose(cloud[:, 1, 4], [1.0, -0.75, 0.0, 0.5, 0.25])
    np.testing.assert_allclose(cloud[:, 2, 16], [0.0, 0.0, 1.0, 1.0, 1.0])
    assert np.count_nonzero(cloud.any(axis=0)) == 2


def test_coordinates_of_a_person_are_within_their_own_box() -> None:
    keypoints, scores = np.full((1, 2, 17, 2), 1e4), np.zeros((1, 2, 17))
    keypoints[0, 0, :3], scores[0, 0, :3] = [(100, 50), (140, 130), (110, 90)], 0.5  # a box of 40 x 80
    keypoints[0, 1, 5], scores[0, 1, 5] = (7, 8), 0.5  # a single joint
    cloud = point_cloud(a_video(keypoints, scores), np.array([0, 1]), np.zeros((2, 1), dtype=int), "person")
    np.testing.assert_allclose(cloud[:2, 0, :3], [[-0.5, 0.5, -0.25], [-1, 1, 0]], atol=1e-6)
    np.testing.assert_allclose(cloud[:, 1, 5], [0, 0, 1, 0.5, 5 / 16])
    assert np.count_nonzero(cloud.any(axis=0)) == 4


def test_coordinates_of_a_person_do_not_depend_on_where_and_how_large_they_are() -> None:
    video = random_video()
    moved = replace(video, keypoints=(0.5 * video.keypoints + 40).astype(np.float32))
    who = sample_people(video.scores, np.arange(12), 3)
    clouds = [point_cloud(v, np.arange(12), who, "person") for v in (video, moved)]
    np.testing.assert_allclose(clouds[0], clouds[1], atol=1e-4)
    assert np.abs(clouds[0]).max() <= 1 + 1e-6


@settings(max_examples=20)
@given(frames=st.integers(1, 20), people=st.integers(1, 5), seed=st.integers(0, 999))
def test_points_lie_in_the_unit_box_and_missing_ones_are_0(frames: int, people: int, seed: int) -> None:
    video = random_video(seed=seed)
    at = sample_frames(12, frames)
    who = sample_people(video.scores, at, people)
    cloud = point_cloud(video, at, who)
    assert cloud.dtype == np.float32
    assert cloud.shape == (5, frames * people, 17)
    assert np.abs(cloud).max() <= 1
    there = cloud[3] > 0
    assert not cloud[:, ~there].any()
    expected = sum(np.count_nonzero(video.scores[p, f]) for f, row in zip(at, who, strict=True) for p in row if p >= 0)
    assert int(there.sum()) == expected


def test_padding_of_frames_is_empty() -> None:
    video = random_video(frames=2)
    dataset = ClipDataset([video], Sampling(frames=4, people=5))
    item = dataset[0]
    assert item["image"].shape == (5, 20, 17)
    assert not item["image"][:, 10:].any()  # two of four frames
    assert (item["label"], item["id"], item["guided"]) == (3, "Walk/v_Walk_g01_c01", False)
    assert item["mask"].shape == (1, 20, 17)
    assert bool(item["mask"].all())


def test_a_video_of_nobody_is_empty() -> None:
    item = ClipDataset([random_video(people=0)], Sampling(frames=4, people=2))[0]
    assert item["image"].shape == (5, 8, 17)
    assert not item["image"].any()


def test_jitter_off_changes_nothing_and_leaves_its_cloud_alone() -> None:
    video = random_video()
    cloud = point_cloud(video, np.arange(12), sample_people(video.scores, np.arange(12), 3))
    before = cloud.copy()
    np.testing.assert_allclose(jitter(cloud, Jitter(), np.random.default_rng(0)), before, atol=1e-6)
    jitter(cloud, Jitter(0.5, 0.5, 90, 1.0, 0.5), np.random.default_rng(0))
    np.testing.assert_array_equal(cloud, before)


def test_mirroring_exchanges_left_and_right() -> None:
    video = random_video(missing=0.0)
    cloud = point_cloud(video, np.arange(12), np.zeros((12, 1), dtype=int))
    mirrored = jitter(cloud, Jitter(hflip=1.0), np.random.default_rng(0))
    np.testing.assert_allclose(mirrored[0], -cloud[0][:, MIRRORED], atol=1e-6)
    np.testing.assert_allclose(mirrored[1:4], cloud[1:4][:, :, MIRRORED], atol=1e-6)
    np.testing.assert_allclose(mirrored[4], cloud[4])
    assert sorted(MIRRORED) == list(range(17))
    assert [MIRRORED[joint] for joint in MIRRORED] == list(range(17))


def test_scale_shift_and_rotation_keep_shapes_similar() -> None:
    video = random_video(missing=0.0)
    cloud = point_cloud(video, np.arange(12), np.zeros((12, 1), dtype=int))
    moved = jitter(cloud, Jitter(scale=0.2, shift=0.2, rotate=5), np.random.default_rng(4))
    np.testing.assert_array_equal(moved[2:], cloud[2:])
    old, new = (points[:2].reshape(2, -1).T for points in (cloud, moved))
    factors = np.linalg.norm(new[1:] - new[0], axis=1) / np.linalg.norm(old[1:] - old[0], axis=1)
    np.testing.assert_allclose(factors, factors[0], rtol=1e-3)
    assert 0.8 <= factors[0] <= 1.2
    assert factors[0] != pytest.approx(1, abs=1e-3)


def test_dropped_joints_are_missing_in_every_channel() -> None:
    video = random_video(missing=0.0)
    cloud = point_cloud(video, np.arange(12), np.zeros((12, 1), dtype=int))
    dropped = jitter(cloud, Jitter(joint_drop=0.5), np.random.default_rng(0))
    gone = dropped[3] == 0
    assert 0.3 < gone.mean() < 0.7
    assert not dropped[:, gone].any()


def test_items_follow_from_their_seed() -> None:
    dataset = ClipDataset([random_video(frames=60)], Sampling(8, 2), Jitter(scale=0.2, hflip=0.5, joint_drop=0.1))
    one, again, other = dataset[0, 1]["image"], dataset[0, 1]["image"], dataset[0, 2]["image"]
    assert bool((one == again).all())
    assert not bool((one == other).all())
    plain = dataset[0]["image"]
    assert bool((plain == ClipDataset(dataset.videos, Sampling(8, 2))[0]["image"]).all())


def test_a_video_without_a_label_is_refused() -> None:
    unlabelled = replace(random_video(), label=None)
    with pytest.raises(UserError, match="Walk/v_Walk_g01_c01: has no label"):
        ClipDataset([unlabelled], Sampling(4, 1))[0]


@pytest.mark.parametrize("follow", [False, True])
def test_a_batch_is_what_its_items_are_together(follow: bool) -> None:
    videos = [random_video(frames=frames, people=people) for frames, people in ((60, 3), (3, 2), (20, 0), (8, 5))]
    change = Jitter(scale=0.2, shift=0.1, rotate=5, hflip=0.5, joint_drop=0.1, crop=0.6)
    dataset = ClipDataset(videos, Sampling(8, 4, follow=follow, coordinates="person"), change)
    for indices in ([(place, 7 + place) for place in (0, 3, 1, 2, 0)], [2, 0, 1]):
        batch, items = collate(dataset.__getitems__(indices)), collate([dataset[index] for index in indices])
        assert batch["ids"] == items["ids"]
        for name in ("inputs", "labels", "masks", "guided"):
            assert torch.equal(batch[name], items[name])
            assert batch[name].dtype == items[name].dtype


def test_a_batch_has_seeds_for_all_or_for_none() -> None:
    dataset = ClipDataset([random_video()], Sampling(4, 2))
    with pytest.raises(TypeError, match="must all have a seed, or none"):
        dataset.__getitems__([0, (0, 1)])
