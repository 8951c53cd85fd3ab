from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from provbench.benchmarks.ucf101_24.metrics import (
    TABLE,
    average_precision,
    box_iou,
    frame_map,
    frame_maps,
    table_maps,
    tube_overlap,
    video_map,
    video_maps,
)
from provbench.tools.bench.video_map import brute_force_map

SQUARE = (10.0, 10.0, 20.0, 20.0)


def tube(video: str = "a", label: int = 0, frames: Any = range(10), box: Any = SQUARE, **values: Any) -> dict[str, Any]:
    frames = np.array(frames)
    boxes = np.broadcast_to(np.array(box, dtype=float), (len(frames), 4))
    return {"video": video, "label": label, "frames": frames, "boxes": boxes, **values}


def moved(truth: dict[str, Any], score: float, **changes: Any) -> dict[str, Any]:
    return {**truth, "score": score, **changes}


def singles(tubes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every box as a tube of one frame in a video of its own."""
    return [
        {**tube, "video": f"{tube['video']}@{frame}", "frames": tube["frames"][[row]], "boxes": tube["boxes"][[row]]}
        for tube in tubes
        for row, frame in enumerate(tube["frames"].tolist())
    ]


coordinate = st.integers(0, 12)


@st.composite
def tubes(draw: st.DrawFn, *, scored: bool) -> list[dict[str, Any]]:
    made = []
    for _ in range(draw(st.integers(0 if scored else 1, 7))):
        frames = sorted(draw(st.sets(st.integers(0, 6), min_size=1, max_size=5)))
        boxes = []
        for _ in frames:
            x, y, w, h = draw(st.tuples(coordinate, coordinate, st.integers(0, 8), st.integers(0, 8)))
            boxes.append((x, y, x + w, y + h))
        one = {
            "video": draw(st.sampled_from("ab")),
            "label": draw(st.integers(0, 1)),
            "frames": np.array(frames),
            "boxes": np.array(boxes, dtype=float),
        }
        made.append({**one, "score": draw(st.integers(0, 4)) / 4} if scored else one)
    return made


def test_the_overlap_is_the_share_of_common_frames_times_their_mean_iou() -> None:
    """Frames 0..9 and 5..14: 5 of 15 are common. Boxes shifted by half their side share 1/3."""
    one, other = tube(frames=range(10)), tube(frames=range(5, 15), box=(15.0, 10.0, 25.0, 20.0))

    assert tube_overlap(one, other) == pytest.approx(5 / 15 * 1 / 3)
    assert tube_overlap(one, one) == 1
    assert tube_overlap(one, tube(frames=range(10, 20))) == 0


def test_frames_need_not_be_contiguous() -> None:
    assert tube_overlap(tube(frames=[0, 2, 4, 1000]), tube(frames=[1, 2, 3, 1000])) == pytest.approx(2 / 6)


def test_coordinates_are_continuous() -> None:
    """No + 1: boxes that share an edge have nothing in common, and a box without area has none with itself."""
    one = np.array([[0, 0, 10, 10], [0, 0, 10, 10], [5, 5, 5, 5]], dtype=np.uint8)
    other = np.array([[10, 0, 20, 10], [0, 0, 10, 5], [5, 5, 5, 5]], dtype=np.uint8)

    assert box_iou(one, other).tolist() == [0, 0.5, 0]


def test_average_precision_by_hand() -> None:
    """Hit, miss, hit, and one of three truths never found: (1 + 2/3) / 3. The envelope looks ahead: miss, hit, hit."""
    assert average_precision(np.array([True, False, True]), 3) == pytest.approx(100 * (1 + 2 / 3) / 3)
    assert average_precision(np.array([False, True, True]), 2) == pytest.approx(100 * 2 / 3)
    assert average_precision(np.zeros(5, dtype=bool), 2) == 0


def test_equal_scores_are_one_step_on_demand() -> None:
    """Of four with two scores, a hit and a miss of each: precision is 1/2 behind both, whatever the order within."""
    scores = np.array([0.9, 0.9, 0.4, 0.4])
    for hits in ([True, False, False, True], [False, True, True, False]):
        assert average_precision(np.array(hits), 2, scores) == pytest.approx(50)
    assert average_precision(np.array([True, True, False]), 2, np.array([3.0, 2.0, 1.0])) == 100
    assert average_precision(np.zeros(0, dtype=bool), 2, np.zeros(0)) == 0


@given(tubes(scored=True), tubes(scored=False), st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_frame_ap_does_not_follow_the_order_of_equal_scores(
    detections: list[dict[str, Any]], truth: list[dict[str, Any]], random: Any
) -> None:
    apart = [{**tube, "video": f"{tube['video']}{place}"} for place, tube in enumerate(truth)]
    placed = [{**guess, "video": apart[place % len(apart)]["video"]} for place, guess in enumerate(detections)]
    first = {guess["video"]: guess for guess in placed}  # one a video: none competes with another for a truth
    shuffled = list(first.values())
    random.shuffle(shuffled)
    found = frame_map(list(first.values()), apart, num_classes=2)
    again = frame_map(shuffled, apart, num_classes=2)
    assert (again["mAP"], again["AP"]) == (pytest.approx(found["mAP"]), pytest.approx(found["AP"]))


def test_the_matlab_evaluation_by_hand() -> None:
    """10 x 10 against 11 x 11 at (1, 1) beside it: 81 of 140 in common; one common frame is none; 1/2 is not more."""
    truth = [tube()]
    assert video_map([moved(truth[0], 1.0)], truth, iou=81 / 140 - 1e-6, evaluation="matlab")["mAP"] == 100
    assert video_map([moved(truth[0], 1.0)], truth, iou=81 / 140 + 1e-6, evaluation="matlab")["mAP"] == 0

    single, double = (tube(frames=range(count)) for count in (1, 2))
    undone = np.array(SQUARE) - (1, 1, 2, 2)
    for true, expected in ((single, 0), (double, 100)):
        guess = tube(frames=true["frames"], box=undone, score=1.0)
        assert video_map([guess], [true], evaluation="matlab")["mAP"] == expected
    half = tube(frames=range(5), box=undone, score=1.0)
    assert video_map([half], truth, iou=0.5, evaluation="matlab")["mAP"] == 0
    assert video_map([half], truth, iou=0.49, evaluation="matlab")["mAP"] == 100


def test_each_truth_is_hit_once_and_by_the_best_score() -> None:
    truth = [tube("a"), tube("b")]
    detections = [moved(truth[0], 0.5), moved(truth[0], 0.9), moved(truth[1], 0.7)]

    assert video_map(detections, truth) == {"mAP": 100, "AP": {0: 100}}
    assert video_map(detections[:2], truth) == {"mAP": 50, "AP": {0: 50}}
    late = [detections[0], detections[1], moved(truth[1], 0.1)]
    assert video_map(late, truth)["AP"][0] == pytest.approx(100 * (1 + 2 / 3) / 2)


def test_a_detection_takes_the_free_truth_that_it_overlaps_most() -> None:
    """Two people side by side. The second detection lies between them and must make do with the one that is left."""
    left, right = tube(box=(0.0, 0.0, 10.0, 10.0)), tube(box=(4.0, 0.0, 14.0, 10.0))
    between = tube(box=(1.0, 0.0, 11.0, 10.0), score=0.5)  # IoU 9/11 with the left, 7/13 with the right

    assert video_map([between, moved(left, 0.9)], [left, right], iou=0.5)["mAP"] == 100
    assert video_map([between, moved(left, 0.9)], [left, right], iou=0.6)["mAP"] == 50
    assert video_map([moved(left, 0.4), between], [left, right], iou=0.4)["AP"][0] == 100


def test_a_detection_that_misses_takes_nothing() -> None:
    truth = tube()
    shifted = tube(box=(15.0, 10.0, 25.0, 20.0), score=0.9)

    assert video_map([shifted, moved(truth, 0.1)], [truth])["AP"][0] == 50


def test_the_threshold_itself_is_a_hit() -> None:
    """A third of each box is common, which no binary number is: the sum over seven frames must not fall short."""
    truth = tube(frames=range(7))
    shifted = tube(frames=range(7), box=(15.0, 10.0, 25.0, 20.0), score=1.0)

    assert video_map([shifted], [truth], iou=1 / 3)["mAP"] == 100
    assert video_map([shifted], [truth], iou=1 / 3 + 1e-6)["mAP"] == 0


def test_classes_without_truth_do_not_count_and_classes_without_detections_do() -> None:
    truth = [tube(label=1), tube(label=3)]
    detections = [moved(truth[0], 0.5), moved(truth[0], 0.9, label=2)]

    assert video_map(detections, truth) == {"mAP": 50, "AP": {1: 100, 3: 0}}
    assert video_map([], truth)["mAP"] == 0


def test_equal_scores_rank_as_they_are_given() -> None:
    truth = [tube("a"), tube("b")]
    wrong, right = moved(tube("a", frames=range(90, 99)), 0.5), moved(truth[1], 0.5)

    assert video_map([right, wrong], truth)["mAP"] == 50
    assert video_map([wrong, right], truth)["mAP"] == 25


def test_frames_are_images_of_their_own() -> None:
    """Half of the frames found, in one tube: half of the boxes. Another tube finds the rest with a lower score."""
    truth = tube(frames=range(10))
    half, rest, beside = (
        moved(tube(frames=frames), score)
        for frames, score in ((range(5), 0.9), (range(5, 10), 0.4), (range(10, 15), 0.6))
    )

    assert frame_map([half], [truth])["AP"] == {0: 50}
    assert frame_map([half, rest], [truth])["AP"] == {0: 100}
    assert frame_map([half, rest, beside], [truth])["AP"][0] == pytest.approx(100 * (5 + 5 * 10 / 15) / 10)
    assert video_map([half], [truth])["mAP"] == 100
    assert video_map([half], [truth], iou=0.6)["mAP"] == 0


def test_boxes_may_have_scores_of_their_own() -> None:
    truth = tube(frames=range(2))
    detection = tube(frames=range(4), score=0.0, scores=np.array([0.9, 0.2, 0.5, 0.1]))

    assert frame_map([detection], [truth])["AP"][0] == pytest.approx(100 * (1 + 2 / 3) / 2)
    with pytest.raises(ValueError, match="detection 0: scores must be finite, one for each of its 4 boxes"):
        frame_map([moved(detection, 0, scores=np.ones(3))], [truth])


@settings(max_examples=150)
@given(tubes(scored=True), tubes(scored=False), st.sampled_from([(1, 5), (1, 3), (1, 2), (3, 4), (1, 1)]))
def test_plain_loops_over_exact_fractions_give_the_same(detections: list, truth: list, iou: tuple[int, int]) -> None:
    exact = Fraction(*iou)

    for found, wanted, result, tied in (
        (detections, truth, video_map(detections, truth, iou=float(exact), num_classes=2), False),
        (singles(detections), singles(truth), frame_map(detections, truth, iou=float(exact), num_classes=2), True),
    ):
        expected = brute_force_map(found, wanted, iou=exact, number=Fraction, tied=tied)
        assert result["AP"] == pytest.approx(expected)
        assert result["mAP"] == pytest.approx(np.mean(list(expected.values())))


@settings(max_examples=30)
@given(tubes(scored=True), tubes(scored=False))
def test_thresholds_together_are_thresholds_one_by_one(detections: list, truth: list) -> None:
    ious = (0.2, 0.5, 0.75, 0.95)

    assert video_maps(detections, truth, ious=ious, num_classes=2) == {
        iou: video_map(detections, truth, iou=iou, num_classes=2) for iou in ious
    }
    assert frame_maps(detections, truth, ious=ious, num_classes=2) == {
        iou: frame_map(detections, truth, iou=iou, num_classes=2) for iou in ious
    }


def test_the_tables_columns() -> None:
    """IoU 0.8 reaches 0.5 to 0.8: seven of the ten thresholds."""
    truth = tube()
    table = table_maps([tube(box=(10.0, 10.0, 20.0, 18.0), score=1.0)], [truth])

    assert table == {"0.2": 100, "0.5": 100, "0.75": 100, "0.5:0.95": pytest.approx(70)}
    assert TABLE["0.5:0.95"] == (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": 24}, "detection 0: label must be one of 0..23 .got 24."),
        ({"frames": np.array([0, 2, 1])}, "detection 0: frames must be sorted, each one once"),
        ({"frames": np.array([0, 1, 1])}, "detection 0: frames must be sorted, each one once"),
        ({"frames": np.array([0.0, 1, 2])}, "detection 0: frames must be .n,. integers"),
        ({"boxes": np.zeros((2, 4))}, r"detection 0: boxes must be \(3, 4\) \(got \(2, 4\)\)"),
        ({"boxes": np.array([SQUARE, (0, 0, np.nan, 1), SQUARE])}, "detection 0: boxes must be finite.* in frame 1"),
        ({"boxes": np.array([SQUARE, SQUARE, (5, 0, 4, 1)])}, "x0 <= x1 .*in frame 2"),
        ({"score": np.nan}, "detection 0: score must be finite"),
    ],
)
def test_tubes_that_cannot_be_right_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        video_map([{**tube(frames=range(3)), "score": 1.0, **change}], [tube()])


def test_what_has_no_meaning_is_refused() -> None:
    with pytest.raises(ValueError, match="without ground truth"):
        video_map([moved(tube(), 1)], [])
    for iou in (0, 1.01):
        with pytest.raises(ValueError, match="iou must be in"):
            video_map([], [tube()], iou=iou)
    with pytest.raises(ValueError, match="ground truth 1: label"):
        video_map([], [tube(), tube(label=2)], num_classes=2)
