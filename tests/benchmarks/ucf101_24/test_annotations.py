from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from provbench.benchmarks.ucf101_24.annotations import (
    CLASSES,
    AnnotatedVideo,
    read_moc,
    read_pyannot,
    read_test_list,
    video_group,
    video_name,
)
from provbench.benchmarks.ucf101_24.metrics import Tube, frame_map, table_maps, video_map, video_maps
from provbench.registry import MissingDataError, UserError

BIKING = CLASSES.index("Biking")
NAME = "Biking/v_Biking_g08_c01"


@pytest.fixture(scope="module")
def real(shared_data: Path) -> list[AnnotatedVideo]:
    return read_pyannot(shared_data / "ucf101_24" / "pyannot.pkl")


@pytest.fixture(scope="module")
def real_test_videos(shared_data: Path) -> tuple[str, ...]:
    return read_test_list(shared_data / "ucf101_24" / "testlist01.txt")


@pytest.fixture(scope="module")
def truth(real: list[AnnotatedVideo], real_test_videos: tuple[str, ...]) -> list[dict[str, Any]]:
    """The ground truth of the real test split."""
    chosen = set(real_test_videos)
    return [tube for video in real if video.name in chosen for tube in video.tubes()]


def scored(truth: list[dict[str, Any]], change: Callable[[Tube], dict[str, Any]]) -> list[dict[str, Any]]:
    """A changed copy of every tube as a detection, with a score of its own."""
    scores = np.random.default_rng(0).permutation(len(truth)) / len(truth)
    return [{**tube, **change(tube), "score": float(score)} for tube, score in zip(truth, scores, strict=True)]


def by_class(truth: list[dict[str, Any]], value: Callable[[list[Any]], float]) -> dict[int, float]:
    """`value` of each class's tubes."""
    return {
        label: value([tube for tube in truth if tube["label"] == label])
        for label in sorted({tube["label"] for tube in truth})
    }


def pyannot(path: Path, name: str = NAME, *, tube: dict[str, Any] | None = None, **video: Any) -> Path:
    """A file of one video with one tube, both right but for what is given."""
    boxes = np.array([[200, 100, 100, 100]] * 3, dtype=np.uint8)
    tubes = [{"label": BIKING, "sf": 2, "ef": 5, "boxes": boxes, **(tube or {})}]
    path.write_bytes(pickle.dumps({name: {"numf": 10, "label": BIKING, "annotations": tubes, **video}}))
    return path


def moc(path: Path, *, tube: Any = None, **fields: Any) -> Path:
    tube = np.array([[1, 0, 0, 10, 20], [2, 1, 0, 11, 20]], dtype=np.float32) if tube is None else tube
    content = {
        "labels": list(CLASSES),
        "train_videos": [[NAME]],
        "test_videos": [[]],
        "nframes": {NAME: 10},
        "resolution": {NAME: (240, 320)},
        "gttubes": {NAME: {BIKING: [tube]}},
    }
    path.write_bytes(pickle.dumps({**content, **fields}, protocol=2))
    return path


# The real files


def test_the_real_annotations_have_the_published_counts(
    real: list[AnnotatedVideo], real_test_videos: tuple[str, ...]
) -> None:
    test = set(real_test_videos)
    tubes = {video.name: len(video.tracks) for video in real}

    assert len(CLASSES) == len({video.label for video in real}) == 24
    assert (len(real), len(tubes), sum(tubes.values())) == (3194, 3194, 4458)
    assert len(real_test_videos) == len(test & tubes.keys()) == 910
    assert sum(count for name, count in tubes.items() if name in test) == 1315
    assert sum(count for name, count in tubes.items() if name not in test) == 3143
    assert sum(count > 1 for count in tubes.values()) == 715
    assert {video_group(name) for name in test} == set(range(1, 8))


def test_the_real_boxes_do_not_wrap_around(real: list[AnnotatedVideo], shared_data: Path) -> None:
    """Nearly a third of the tubes have x + width above 255 in a uint8."""
    raw = pickle.loads((shared_data / "ucf101_24" / "pyannot.pkl").read_bytes())
    wrapped = 0
    for video in real:
        for (frames, boxes), tube in zip(video.tracks, raw[video.name]["annotations"], strict=True):
            x, y, width, height = (tube["boxes"][:, column] for column in range(4))
            wrapped += bool((x + width < x).any())
            np.testing.assert_array_equal(boxes[:, 2] - boxes[:, 0], width)
            np.testing.assert_array_equal(boxes[:, 3] - boxes[:, 1], height)
            np.testing.assert_array_equal(boxes[:, :2], np.stack([x, y], axis=1))
            assert (frames[0], frames[-1]) == (tube["sf"], tube["ef"] - 1)
    assert wrapped == 1445
    assert max(boxes[:, 2].max() for video in real for _, boxes in video.tracks) == 320


def test_exact_detections_find_everything(truth: list[dict[str, Any]]) -> None:
    detections = scored(truth, lambda tube: {})

    assert video_map(detections, truth, iou=1.0) == {"mAP": 100, "AP": dict.fromkeys(range(24), 100)}
    assert frame_map(detections, truth)["mAP"] == pytest.approx(100)


def test_exact_detections_as_the_matlab_code_scores_them(truth: list[dict[str, Any]]) -> None:
    """It adds 1 to x, y, width and height of detections; the numbers are those that it gives itself."""
    found = table_maps([{**tube, "score": 1.0} for tube in truth], truth, evaluation="matlab")
    assert {name: round(value, 1) for name, value in found.items()} == {
        "0.2": 100.0,
        "0.5": 100.0,
        "0.75": 99.7,
        "0.5:0.95": 86.6,
    }
    undone = scored(truth, lambda tube: {"boxes": tube["boxes"].astype(float) - (1, 1, 2, 2)})
    assert table_maps(undone, truth, evaluation="matlab") == pytest.approx(dict.fromkeys(found, 100.0))


def test_detections_shifted_by_a_tenth_of_a_box_overlap_by_nine_elevenths(truth: list[dict[str, Any]]) -> None:
    """0.9 of each box is common and 1.1 in either: 9/11 = 0.82 reaches seven of the thresholds 0.5 to 0.95."""

    def shifted(tube: Tube) -> dict[str, Any]:
        boxes = tube["boxes"].astype(float)
        return {"boxes": boxes + (boxes[:, [2]] - boxes[:, [0]]) * (0.1, 0, 0.1, 0)}

    detections = scored(truth, shifted)

    assert video_map(detections, truth, iou=9 / 11)["AP"] == dict.fromkeys(range(24), 100)
    assert table_maps(detections, truth) == pytest.approx({"0.2": 100, "0.5": 100, "0.75": 100, "0.5:0.95": 70})
    assert video_map(detections, truth, iou=0.82)["mAP"] == 0


def test_every_second_frame_is_half_of_a_tube(truth: list[dict[str, Any]]) -> None:
    """Of n frames ceil(n/2) are kept, at least half: at most 3 of 5: all hit at 0.5, none at 0.61."""
    detections = scored(truth, lambda tube: {"frames": tube["frames"][::2], "boxes": tube["boxes"][::2]})

    results = video_maps(detections, truth, ious=(0.5, 0.61))
    share = by_class(
        truth,
        lambda tubes: (
            100 * sum(-(-len(tube["frames"]) // 2) for tube in tubes) / sum(len(tube["frames"]) for tube in tubes)
        ),
    )
    assert results[0.5]["AP"] == dict.fromkeys(range(24), 100)
    assert results[0.61]["mAP"] == 0
    assert frame_map(detections, truth)["AP"] == pytest.approx(share)


def test_detections_of_the_wrong_class_find_nothing(truth: list[dict[str, Any]]) -> None:
    detections = scored(truth, lambda tube: {"label": (tube["label"] + 1) % 24})

    assert video_map(detections, truth, iou=0.2) == {"mAP": 0, "AP": dict.fromkeys(range(24), 0)}


def test_each_duplicate_is_a_false_alarm(truth: list[dict[str, Any]]) -> None:
    """Just behind its original the k-th of n hits has precision k / (2k - 1); behind all originals it costs nothing.

    One video of the real file has the same tube twice: the first original's duplicate takes the second of the two, for
    which nothing is left then.
    """
    originals = scored(truth, lambda tube: {})
    beside = [{**tube, "score": tube["score"] - 0.5 / len(truth)} for tube in originals]
    behind = [{**tube, "score": tube["score"] - 2} for tube in originals]
    twins = [tube for tube in originals if tube["video"] == "CricketBowling/v_CricketBowling_g02_c04"][1:]
    assert np.array_equal(twins[0]["boxes"], twins[1]["boxes"])
    first, second = sorted((tube["score"] for tube in twins), reverse=True)

    def expected(tubes: list[dict[str, Any]]) -> float:
        hits: list[bool] = []
        for score in sorted((tube["score"] for tube in tubes), reverse=True):
            hits += [True, True] if score == first else [False, False] if score == second else [True, False]
        precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
        return 100 * sum(max(precision[rank:]) for rank, hit in enumerate(hits) if hit) / len(tubes)

    by_hand = by_class(originals, expected)
    found = video_map(originals + beside, truth, iou=0.9)["AP"]
    assert found == pytest.approx(by_hand)
    count = sum(tube["label"] == 0 for tube in truth)
    assert found[0] == pytest.approx(100 * np.mean([k / (2 * k - 1) for k in range(1, count + 1)]))
    assert video_map(originals + behind, truth, iou=0.9)["mAP"] == 100


# Made-up files


def test_a_tube_has_corners_and_frames_from_0(tmp_path: Path) -> None:
    """200 + 100 is 44 in a uint8."""
    (video,) = read_pyannot(pyannot(tmp_path / "pyannot.pkl"))
    (tube,) = video.tubes()

    assert (video.name, video.label, video.num_frames) == (NAME, BIKING, 10)
    assert (tube["video"], tube["label"], tube["frames"].tolist()) == (NAME, BIKING, [2, 3, 4])
    assert tube["boxes"].tolist() == [[200, 100, 300, 200]] * 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"numf": 4}, r"tube 0: frames must lie in 0..3 .got 2 to 4."),
        ({"numf": 0}, "numf must be at least 1 .got 0."),
        ({"numf": "many"}, "numf must be of type int .got str."),
        ({"label": 3}, "label must be 2, its class's .got 3."),
        ({"label": 24}, "label must be 2, its class's .got 24."),
        ({"annotations": {}}, "annotations must be of type list .got dict."),
        ({"name": "Knitting/v_Knitting_g01_c01"}, "label must be one of 0..23, its class's .got 2."),
        ({"name": "Biking/v_Diving_g01_c01"}, "expected a video's name such as Biking/v_Biking_g01_c01"),
        ({"tube": {"label": 3}}, "tube 0: label must be its video's, 2 .got 3."),
        ({"tube": {"sf": -1, "ef": 2}}, r"frames must lie in 0..9 .got -1 to 1."),
        ({"tube": {"ef": 6}}, r"boxes must be .4, 4., one for each frame from sf to ef .got .3, 4.."),
        ({"tube": {"boxes": [1, 2]}}, "boxes must be of type ndarray .got list."),
        (
            {"tube": {"boxes": np.array([[300, 0, 22, 9]] * 3)}},
            r"inside 320x240 pixels .got 300, 0, 322, 9 in frame 2.",
        ),
        ({"tube": {"boxes": np.array([[0.0, 0, 5, 5], [0, np.nan, 5, 5], [0, 0, 5, 5]])}}, "finite.* in frame 3"),
        ({"tube": {"boxes": np.array([[0, 0, 5, 5], [0, 0, 5, 5], [0, 0, 0, 5]])}}, "not empty.* in frame 4"),
    ],
)
def test_annotations_that_cannot_be_right_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = pyannot(tmp_path / "pyannot.pkl", **change)

    with pytest.raises(UserError, match=message) as caught:
        read_pyannot(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_box_may_leave_the_frame_by_a_pixel(tmp_path: Path) -> None:
    path = pyannot(tmp_path / "pyannot.pkl", tube={"boxes": np.array([[300, 0, 21, 241]] * 3, dtype=np.uint16)})

    assert read_pyannot(path)[0].tracks[0][1][0].tolist() == [300, 0, 321, 241]


def test_all_problems_can_be_noted_instead(tmp_path: Path) -> None:
    path, problems = tmp_path / "pyannot.pkl", []
    good = pickle.loads(pyannot(path).read_bytes())
    bad = pickle.loads(pyannot(path, numf=3).read_bytes())[NAME]
    path.write_bytes(pickle.dumps({**good, NAME.replace("g08", "g09"): bad, "Biking": {}}))

    videos = read_pyannot(path, problems.append)

    assert [(video.name, len(video.tracks)) for video in videos] == [(NAME, 1), (NAME.replace("g08", "g09"), 0)]
    assert len(problems) == 2


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pyannot.pkl"
    for content in ([1], {}, np.zeros(3)):
        path.write_bytes(pickle.dumps(content))
        with pytest.raises(UserError, match="expected a dict of videos"):
            read_pyannot(path)
    with pytest.raises(UserError, match="labels must be of type list"):
        read_moc(pyannot(path))


def test_the_moc_layout_counts_frames_from_1(tmp_path: Path) -> None:
    (video,) = read_moc(moc(tmp_path / "moc.pkl"))
    (tube,) = video.tubes()

    assert (video.name, video.label, video.num_frames) == (NAME, BIKING, 10)
    assert tube["frames"].tolist() == [0, 1]
    assert tube["boxes"].tolist() == [[0, 0, 10, 20], [1, 0, 11, 20]]


def test_the_moc_layout_names_its_classes(tmp_path: Path) -> None:
    """In whatever order they are numbered."""
    swapped = ["Biking", *(name for name in CLASSES if name != "Biking")]
    gttubes = {NAME: {0: [np.array([[1.0, 0, 0, 10, 20]])]}}

    (video,) = read_moc(moc(tmp_path / "moc.pkl", labels=swapped, gttubes=gttubes))
    assert video.label == BIKING
    with pytest.raises(UserError, match=r"label must be 2, its class's .got 0."):
        read_moc(moc(tmp_path / "moc.pkl", gttubes=gttubes))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tube": np.array([[0.0, 0, 0, 1, 1]])}, r"frames must lie in 0..9 .got -1 to -1."),
        ({"tube": np.array([[1.5, 0, 0, 1, 1]])}, "frames must be whole numbers, rising"),
        ({"tube": np.array([[2.0, 0, 0, 1, 1], [1, 0, 0, 1, 1]])}, "frames must be whole numbers, rising"),
        ({"tube": np.zeros((0, 5))}, "frames must be whole numbers, rising"),
        ({"tube": np.zeros((2, 4))}, r"tube 0: expected an array .n, 5. .got an array .2, 4.."),
        ({"nframes": {}}, "expected nframes, resolution"),
        ({"resolution": {NAME: (5, 5)}}, "inside 5x5 pixels"),
    ],
)
def test_moc_annotations_that_cannot_be_right_are_refused(tmp_path: Path, change: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_moc(moc(tmp_path / "moc.pkl", **change))


def test_names_in_every_spelling() -> None:
    for text in ("v_Biking_g08_c01", "v_Biking_g08_c01.avi", "Biking/v_Biking_g08_c01.avi", "a/b/v_Biking_g08_c01"):
        assert video_name(text) == NAME
    for text in ("Biking", "v_Biking_g8_c1", "", None, 3):
        assert video_name(text) is None
    assert video_group(NAME) == 8


def test_the_list_of_test_videos(tmp_path: Path) -> None:
    """The official list of all 101 classes is fine, too."""
    path = tmp_path / "testlist01.txt"
    path.write_text("ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi\nBiking/v_Biking_g01_c02.avi\n\nv_Diving_g02_c01\n")

    assert read_test_list(path) == ("Biking/v_Biking_g01_c02", "Diving/v_Diving_g02_c01")
    path.write_text("v_Diving_g02_c01\nDiving/v_Diving_g02_c01\n")
    with pytest.raises(UserError, match=r"testlist01.txt:2: each video must be listed once, and this one is on line 1"):
        read_test_list(path)
    path.write_text("Diving\n")
    with pytest.raises(UserError, match=r"testlist01.txt:1: expected a video"):
        read_test_list(path)
    with pytest.raises(MissingDataError):
        read_test_list(tmp_path / "nowhere.txt")
