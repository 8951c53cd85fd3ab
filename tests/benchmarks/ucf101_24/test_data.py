from __future__ import annotations

import json
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from provbench.benchmarks.ucf101_24 import converted, data
from provbench.benchmarks.ucf101_24.annotations import AnnotatedVideo, read_pyannot, read_test_list, video_group
from provbench.benchmarks.ucf101_24.data import (
    ANNOTATIONS,
    COUNTS,
    MOC,
    POSES,
    SPLITS,
    TEST_LIST,
    Count,
    read_skeletons,
    read_tubes,
    split_videos,
)
from provbench.benchmarks.ucf101_24.mini import MiniSet, write
from provbench.benchmarks.ucf101_24.skeletons import read_pose_pickle
from provbench.registry import MissingDataError, UserError
from provbench.registry.base.derived import VARIABLE, derived_folder

SMALL = MiniSet(train=24, val=8, test=16)
SKELETONS, TUBES = Path(converted.FOLDER) / "skeletons", Path(converted.FOLDER) / "tubes"


def quiet(done: int, total: int) -> None:
    pass


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ucf101-24")
    write(folder, quiet, SMALL)
    return folder


@pytest.fixture
def root(original: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(original, tmp_path / "ucf101-24", ignore=shutil.ignore_patterns(converted.FOLDER)))


def rewrite(path: Path, change) -> None:
    content = pickle.loads(path.read_bytes())
    change(content)
    path.write_bytes(pickle.dumps(content))


def test_the_splits_of_the_real_annotations(shared_data: Path, tmp_path: Path) -> None:
    """The official test split, and whole groups of the official training split for validation; classes in all."""
    for name in (ANNOTATIONS, TEST_LIST):
        shutil.copy(shared_data / "ucf101_24" / name, tmp_path)
    (tmp_path / POSES).write_bytes(pickle.dumps({"annotations": []}))
    splits = split_videos(tmp_path)

    for split in SPLITS:
        assert Count(len(splits[split]), len(read_tubes(tmp_path, split))) == COUNTS[split]
        assert len({name.partition("/")[0] for name in splits[split]}) == 24
    groups = {split: {video_group(name) for name in names} for split, names in splits.items()}
    assert groups == {"train": set(range(8, 24)), "val": {24, 25}, "test": set(range(1, 8))}
    assert COUNTS["train"].videos + COUNTS["val"].videos == 2284
    assert COUNTS["train"].tubes + COUNTS["val"].tubes == 3143
    with pytest.raises(UserError, match="2035 of the 2035 annotated train videos have no skeletons"):
        read_skeletons(tmp_path, "train")


def test_what_is_read_is_what_the_pickles_say(original: Path) -> None:
    raw = {video.video: video for video in read_pose_pickle(original / POSES)}
    annotated = {video.name: video for video in read_pyannot(original / ANNOTATIONS)}
    assert set(read_test_list(original / TEST_LIST)) == set(split_videos(original)["test"])
    for split in SPLITS:
        skeletons, tubes = read_skeletons(original, split), read_tubes(original, split)
        assert len(skeletons) == len(skeletons.videos) == SMALL.counts()[split].videos
        assert len(tubes) == SMALL.counts()[split].tubes
        for index, own in enumerate(skeletons):
            expected = raw[own.video]
            assert (own.video, own.label) == (skeletons.videos[index], skeletons.labels[index])
            assert (own.shape, own.num_frames) == (expected.shape, expected.num_frames)
            np.testing.assert_array_equal(own.keypoints, expected.keypoints)
            np.testing.assert_array_equal(own.scores, expected.scores)
            assert own.keypoints.dtype == own.scores.dtype == np.float32
        wanted = [tube for name in skeletons.videos for tube in annotated[name].tubes()]
        for tube, other in zip(tubes, wanted, strict=True):
            assert (tube["video"], tube["label"]) == (other["video"], other["label"])
            np.testing.assert_array_equal(tube["frames"], other["frames"])
            np.testing.assert_array_equal(tube["boxes"], other["boxes"])


def test_skeletons_are_mapped_and_travel_without_their_contents(original: Path) -> None:
    skeletons = read_skeletons(original, "train")
    one = skeletons[0]

    assert isinstance(one.keypoints.base, np.ndarray)
    assert not one.keypoints.flags.writeable
    assert len(pickle.dumps(skeletons)) < 20_000 < (original / POSES).stat().st_size
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(skeletons))[0].keypoints, one.keypoints)


def test_pickles_are_read_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = data.fingerprint(root)
    data.convert(root, quiet)

    def refuse(path: Path, *args: object) -> list[AnnotatedVideo]:
        raise AssertionError(f"{path} is read again")

    for reader in ("read_pyannot", "read_pose_pickle"):
        monkeypatch.setattr(converted, reader, refuse)
    os.utime(root / POSES, ns=(1, 1))  # as after copying
    assert len(read_skeletons(root, "test")) == 16
    assert len(read_tubes(root, "test")) == SMALL.counts()["test"].tubes
    assert data.fingerprint(root) == before


def test_a_changed_pickle_is_converted_again(root: Path) -> None:
    before, name = data.fingerprint(root), read_skeletons(root, "val").videos[0]

    rewrite(root / ANNOTATIONS, lambda content: content[name]["annotations"].clear())

    assert name not in {tube["video"] for tube in read_tubes(root, "val")}
    assert data.fingerprint(root) != before


def test_a_conversion_that_fails_leaves_nothing(root: Path) -> None:
    rewrite(root / POSES, lambda content: content["annotations"][-1].update(keypoint=None))

    for _ in range(2):
        with pytest.raises(UserError, match="keypoint must be an array"):
            read_skeletons(root, "train")
    assert not (root / SKELETONS).exists()
    assert not list((root / converted.FOLDER).glob(".*new*"))


def test_a_hostile_pickle_is_named(root: Path) -> None:
    (root / POSES).write_bytes(b"\x80\x02cposix\nsystem\nU\x02ls\x85R.")

    with pytest.raises(UserError, match=r"ucf101_hrnet.pkl: the global posix.system is refused"):
        read_skeletons(root, "train")
    assert any("the global posix.system is refused" in line for line in data.verify(root, quiet, counts=SMALL.counts()))


def test_the_fingerprint_does_not_depend_on_the_place(original: Path, root: Path) -> None:
    assert data.fingerprint(root) == data.fingerprint(original)
    (root / TEST_LIST).write_text((root / TEST_LIST).read_text().partition("\n")[2])
    assert data.fingerprint(root) != data.fingerprint(original)


@pytest.mark.parametrize("name", [ANNOTATIONS, TEST_LIST, POSES])
def test_a_missing_file_says_where_to_get_it(root: Path, name: str) -> None:
    (root / name).unlink()

    for read in (
        lambda: read_skeletons(root, "train"),
        lambda: data.fingerprint(root),
        lambda: data.convert(root, quiet),
    ):
        with pytest.raises(MissingDataError, match=r"no such file\.\n.*corrected-UCF101-Annots.*pyskl") as caught:
            read()
        assert str(caught.value).startswith(f"{root / name}: ")
    assert "no such file" in data.verify(root, quiet, counts=SMALL.counts())[0]


def test_a_test_video_must_be_annotated(root: Path) -> None:
    with (root / TEST_LIST).open("a") as stream:
        stream.write("Biking/v_Biking_g01_c01\n")

    with pytest.raises(
        UserError, match=r"lists 1 videos that pyannot\.pkl does not have, such as Biking/v_Biking_g01_c01"
    ):
        split_videos(root)


def test_verify_finds_what_is_wrong(root: Path) -> None:
    assert data.verify(root, quiet, counts=SMALL.counts()) == []
    names = split_videos(root)["train"]
    rewrite(root / POSES, lambda content: content["annotations"].pop(0))
    rewrite(root / ANNOTATIONS, lambda content: content[names[1]]["annotations"][0].update(sf=-1))

    problems = data.verify(root, quiet, counts=SMALL.counts())

    assert len(problems) == 3
    assert f"{names[1]!r}: tube 0: boxes must be" in problems[0]
    train = SMALL.counts()["train"]
    assert f"expected 24 videos and {train.tubes} tubes in train (got 24 and {train.tubes - 1})" in problems[1]
    assert f"{root / POSES}: no skeletons of " in problems[2]


def test_the_moc_layout_gives_the_same_tubes(root: Path) -> None:
    with pytest.raises(MissingDataError, match=r"an alternative to pyannot\.pkl"):
        read_tubes(root, "test", annotations="moc")
    videos = read_pyannot(root / ANNOTATIONS)
    content = {
        "labels": list(data.CLASSES),
        "nframes": {video.name: video.num_frames for video in videos},
        "resolution": {video.name: (240, 320) for video in videos},
        "gttubes": {
            video.name: {video.label: [np.column_stack([frames + 1, boxes]) for frames, boxes in video.tracks]}
            for video in videos
        },
    }
    (root / MOC).write_bytes(pickle.dumps(content, protocol=2))

    for one, other in zip(read_tubes(root, "test"), read_tubes(root, "test", annotations="moc"), strict=True):
        assert one.keys() == other.keys()
        for key in one:
            np.testing.assert_array_equal(one[key], other[key])
    assert data.verify(root, quiet, counts=SMALL.counts()) == []


def test_an_old_format_is_converted_again(root: Path) -> None:
    data.convert(root, quiet)
    stamp = root / TUBES / "VERSION.json"
    stamp.write_text(json.dumps({**json.loads(stamp.read_text()), "format": 0}))

    read_tubes(root, "test")
    assert json.loads(stamp.read_text())["format"] == converted.FORMAT


def test_read_only_pickles_are_converted_elsewhere(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    beside = data.fingerprint(root)
    shutil.rmtree(root / converted.FOLDER)
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != root and access(path, mode))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    assert data.fingerprint(root) == beside
    assert not (root / converted.FOLDER).exists()
    assert (derived_folder(root) / TUBES).is_dir()
    assert derived_folder(root).is_relative_to(tmp_path / "cache")


def test_a_damaged_conversion_is_made_again(root: Path) -> None:
    before = data.read_tubes(root, "test")
    boxes = root / TUBES / "boxes.npy"
    content = bytearray(boxes.read_bytes())
    content[-1] ^= 255
    boxes.write_bytes(content)

    with pytest.warns(UserWarning, match=r"tubes: is damaged and is made again \(1 files; .*boxes.npy"):
        after = data.read_tubes(root, "test")
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one["boxes"], other["boxes"])
