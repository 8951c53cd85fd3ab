"""Boxes from keypoints, linking, trimming and tubes: cases by hand, and brute force where there is one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from provbench.benchmarks.ucf101_24.localization import (
    Linking,
    Track,
    Trimming,
    best_labelling,
    detect,
    link,
    moving_average,
    pairwise_iou,
    person_boxes,
    runs,
    track_scores,
    trim,
)
from provbench.benchmarks.ucf101_24.metrics import box_iou

# boxes


def skeleton(*joints: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """One person in one frame; joints that are not given are missing."""
    keypoints, scores = np.full((1, 1, 17, 2), 1e6), np.zeros((1, 1, 17))
    keypoints[0, 0, : len(joints)] = np.reshape(joints, (-1, 2))
    scores[0, 0, : len(joints)] = 0.5
    return keypoints, scores


def test_a_box_is_around_the_joints_that_are_there_and_a_margin_wider() -> None:
    boxes, found = person_boxes(*skeleton((20, 30), (40, 80), (30, 50)), (240, 320), margin=0.1)
    assert found.all()
    np.testing.assert_allclose(boxes[0, 0], [18, 25, 42, 85])


def test_a_box_ends_at_the_frame() -> None:
    boxes, _ = person_boxes(*skeleton((2, 230), (300, 236), (9, 239)), (240, 320), margin=0.2)
    np.testing.assert_allclose(boxes[0, 0], [0, 228.2, 320, 240])


@pytest.mark.parametrize(
    "joints",
    [[], [(20, 30), (40, 80)], [(20, 30), (20, 40), (20, 50)], [(400, 30), (410, 40), (420, 80)]],
    ids=["nobody", "too few joints", "no width", "outside"],
)
def test_who_has_no_box(joints: list[tuple[float, float]]) -> None:
    boxes, found = person_boxes(*skeleton(*joints), (240, 320))
    assert not found.any()
    assert not boxes.any()


def test_boxes_of_many_people_are_those_of_each_alone() -> None:
    rng = np.random.default_rng(0)
    keypoints, scores = rng.uniform(0, 300, (3, 4, 17, 2)), rng.uniform(-1, 1, (3, 4, 17)).clip(0)
    boxes, found = person_boxes(keypoints, scores, (240, 320))
    for person, frame in itertools.product(range(3), range(4)):
        one, there = person_boxes(keypoints[person, frame][None, None], scores[person, frame][None, None], (240, 320))
        np.testing.assert_array_equal(one[0, 0], boxes[person, frame])
        assert there[0, 0] == found[person, frame]


def test_iou_of_all_pairs_is_that_of_the_metrics() -> None:
    rng = np.random.default_rng(1)
    corners = np.sort(rng.integers(0, 6, (9, 2, 2)), axis=1).reshape(9, 4).astype(float)  # some boxes are empty
    ious = pairwise_iou(corners[:4], corners[4:])
    for row, column in itertools.product(range(4), range(5)):
        assert ious[row, column] == pytest.approx(box_iou(corners[row][None], corners[4 + column][None])[0])


# linking

EASY = Linking(min_length=1, max_gap=2)


def walk(start: float, speed: float, frames: int = 10, side: float = 20.0) -> np.ndarray:
    """(T, 4): a box that moves to the right."""
    left = start + speed * np.arange(frames)
    return np.stack([left, np.full(frames, 10.0), left + side, np.full(frames, 10 + side)], axis=1)


def linked(
    people: list[np.ndarray], options: Linking = EASY, missing: tuple[tuple[int, int], ...] = (), scores: object = 0.5
) -> list[Track]:
    boxes = np.stack(people)
    found = np.ones(boxes.shape[:2], dtype=bool)
    for person, frame in missing:
        found[person, frame] = False
    return link(boxes, found, np.broadcast_to(np.asarray(scores, dtype=float), found.shape), options)


def test_two_people_far_apart_are_two_tracks_however_they_are_numbered() -> None:
    one, other = walk(0, 2), walk(100, 2)
    swapped = [one.copy(), other.copy()]
    swapped[0][3:7], swapped[1][3:7] = other[3:7], one[3:7]
    tracks = linked(swapped)
    assert len(tracks) == 2
    by_start = sorted(tracks, key=lambda track: track.boxes[0, 0])
    np.testing.assert_array_equal(by_start[0].boxes, one)
    np.testing.assert_array_equal(by_start[1].boxes, other)
    assert by_start[0].people.tolist() == [0, 0, 0, 1, 1, 1, 1, 0, 0, 0]


def test_a_gap_is_bridged_linearly() -> None:
    (track,) = linked([walk(0, 2)], missing=((0, 4), (0, 5)))
    assert track.frames.tolist() == list(range(10))
    assert track.people.tolist() == [0, 0, 0, 0, -1, -1, 0, 0, 0, 0]
    np.testing.assert_allclose(track.boxes, walk(0, 2))


def test_a_longer_gap_ends_the_track() -> None:
    tracks = linked([walk(0, 1)], missing=((0, 3), (0, 4), (0, 5)))
    assert sorted(track.frames.tolist() for track in tracks) == [[0, 1, 2], [6, 7, 8, 9]]


def test_a_jump_ends_the_track() -> None:
    jumping = np.concatenate([walk(0, 0, 5), walk(50, 0, 5)])
    assert sorted(track.frames.tolist() for track in linked([jumping])) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]


def test_short_tracks_are_dropped() -> None:
    short = tuple((1, frame) for frame in range(3, 10))
    assert len(linked([walk(0, 1), walk(100, 1)], Linking(min_length=3), short)) == 2
    assert len(linked([walk(0, 1), walk(100, 1)], Linking(min_length=4), short)) == 1


def test_a_track_takes_the_nearer_box_or_by_acts_rule_the_surer_one() -> None:
    near, far = walk(0, 0, 2), walk(0, 8, 2)
    scores = np.array([[0.5, 0.5], [0.0, 0.9]])
    absent = ((1, 0),)
    (track, _) = sorted(linked([near, far], missing=absent, scores=scores), key=lambda track: track.frames[0])
    assert track.people.tolist() == [0, 0]
    act = Linking(min_length=1, iou_weight=0.0)
    (track, _) = sorted(linked([near, far], act, absent, scores), key=lambda track: track.frames[0])
    assert track.people.tolist() == [0, 1]


def test_the_surer_track_chooses_first() -> None:
    """Two tracks, then one box, in the middle between them."""
    left, right = walk(0, 0, 3), walk(16, 0, 3)
    left[2] = walk(8, 0, 1)[0]
    for sure in (0, 1):
        scores = np.full((2, 3), 0.4)
        scores[sure, :2] = 0.8
        tracks = linked([left, right], missing=((1, 2),), scores=scores)
        longest = max(tracks, key=lambda track: len(track.frames))
        assert longest.people.tolist() == [sure, sure, 0]
        assert len(tracks) == 2


def test_tracks_come_in_descending_score_and_nobody_is_nobody() -> None:
    tracks = linked([walk(0, 1), walk(100, 1)], scores=[[0.2], [0.7]])
    assert [round(track.score, 6) for track in tracks] == [0.7, 0.2]
    assert link(np.zeros((2, 4, 4)), np.zeros((2, 4), dtype=bool), np.zeros((2, 4))) == []
    assert link(np.zeros((0, 4, 4)), np.zeros((0, 4), dtype=bool), np.zeros((0, 4))) == []


@settings(max_examples=30)
@given(people=st.integers(1, 4), frames=st.integers(1, 12), seed=st.integers(0, 10**6))
def test_every_box_is_in_one_track_and_tracks_have_no_gaps(people: int, frames: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 30, (people, frames, 2))
    boxes = np.concatenate([corners, corners + 20], axis=-1)
    found = rng.random((people, frames)) < 0.7
    tracks = link(boxes, found, rng.random((people, frames)), EASY)
    taken = [(int(p), int(t)) for track in tracks for p, t in zip(track.people, track.frames, strict=True) if p >= 0]
    assert sorted(taken) == sorted((int(p), int(t)) for p, t in np.argwhere(found))
    for track in tracks:
        assert (np.diff(track.frames) == 1).all()
        assert all(length <= EASY.max_gap for length in (stop - start for start, stop in runs(track.people < 0)))
        own = track.people >= 0
        np.testing.assert_array_equal(track.boxes[own], boxes[track.people[own], track.frames[own]])


# scores along a track


def test_scores_between_sampled_frames_are_linear_and_constant_at_the_ends() -> None:
    track = Track(np.arange(2, 8), np.zeros((6, 4)), np.array([0, 0, 1, -1, 1, 1]), 0.5)
    scores = np.full((2, 9, 1), np.nan)
    scores[0, 3], scores[1, 6] = 0.2, 0.8
    scores[0, 5] = 100.0  # someone else's
    found = track_scores(track, scores)
    assert found is not None
    np.testing.assert_allclose(found[:, 0], [0.2, 0.2, 0.4, 0.6, 0.8, 0.8])
    assert track_scores(track, np.full((2, 9, 1), np.nan)) is None


@settings(max_examples=30)
@given(length=st.integers(1, 20), window=st.integers(1, 25), seed=st.integers(0, 1000))
def test_the_moving_average_is_that_of_loops(length: int, window: int, seed: int) -> None:
    scores = np.random.default_rng(seed).random((length, 2))
    expected = np.empty_like(scores)
    for place in range(length):
        start = place - window // 2
        expected[place] = scores[max(start, 0) : start + window].mean(axis=0)
    np.testing.assert_allclose(moving_average(scores, window), expected)


# trimming


@settings(max_examples=40)
@given(length=st.integers(1, 8), cost=st.floats(0, 2), seed=st.integers(0, 10**6))
def test_the_best_labelling_is_the_best_of_all(length: int, cost: float, seed: int) -> None:
    gains = np.random.default_rng(seed).normal(0, 1, (length, 2))

    def value(labels: np.ndarray, column: int) -> float:
        return float(gains[labels, column].sum() - cost * (np.diff(labels.astype(int)) != 0).sum())

    found = best_labelling(gains, cost)
    for column in range(2):
        every = (np.array(labels) for labels in itertools.product([False, True], repeat=length))
        best = max(value(labels, column) for labels in every)
        assert value(found[:, column], column) == pytest.approx(best)


@given(labels=st.lists(st.booleans(), max_size=12))
def test_runs_are_those_of_itertools(labels: list[bool]) -> None:
    expected, place = [], 0
    for value, group in itertools.groupby(labels):
        size = len(list(group))
        expected += [(place, place + size)] if value else []
        place += size
    assert runs(np.array(labels, dtype=bool)) == expected


SCORES = np.array([[0.0, 0.9, 0.8, 0.2, 0.9, 0.9, 0.1, 0.1]]).T


def test_trimming_by_hand() -> None:
    def cut(kind: str, **values: float) -> list[tuple[int, int]]:
        options = {"threshold": 0.5, "min_length": 1, **values}
        return trim(SCORES, Trimming(kind=kind, **options))[0]  # pyright: ignore[reportArgumentType]

    assert cut("none") == [(0, 8)]
    assert cut("threshold") == [(1, 3), (4, 6)]
    assert cut("threshold", min_length=3) == []
    assert cut("threshold", smooth=3) == [(1, 6)]
    # the dip costs 0.3, two switches cost 0.4: it is bridged; for less than 0.3 in all it is not
    assert cut("viterbi", switch_cost=0.2) == [(1, 6)]
    assert cut("viterbi", switch_cost=0.1) == [(1, 3), (4, 6)]
    assert cut("viterbi", switch_cost=5.0) == []  # all or nothing, and all of it is worth -0.1


def test_tubes_of_a_video() -> None:
    boxes = walk(0, 1, 8)
    tracks = [Track(np.arange(8) + 3, boxes, np.zeros(8, dtype=int), 0.5)]
    scores = np.zeros((1, 11, 3))
    scores[0, 3:, 2] = SCORES[:, 0]
    scores[0, 3:, 1] = 0.6
    tubes = detect("a/v", tracks, scores, {2: 1.0, 1: 0.5}, Trimming(kind="threshold", threshold=0.5, min_length=2))
    assert [(tube["label"], tube["frames"].tolist()) for tube in tubes] == [
        (2, [4, 5]),
        (2, [7, 8]),
        (1, list(range(3, 11))),
    ]
    assert [tube["score"] for tube in tubes] == pytest.approx([0.85, 0.9, 0.3])
    np.testing.assert_array_equal(tubes[0]["boxes"], boxes[1:3])
    np.testing.assert_allclose(tubes[0]["scores"], [0.9, 0.8])
    assert {tube["video"] for tube in tubes} == {"a/v"}
    assert detect("a/v", tracks, np.full((1, 11, 3), np.nan), {2: 1.0, 1: 1.0}) == []
