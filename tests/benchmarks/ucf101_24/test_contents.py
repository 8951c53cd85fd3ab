"""Videos that two splits have in common, by skeletons, files and frames, and the sources that they were cut from."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from provbench.benchmarks.ucf101_24.contents import VIDEOS, digest_of_video, find_contents, video_contents
from provbench.benchmarks.ucf101_24.data import ANNOTATIONS, POSES, TEST_LIST, split_videos
from provbench.benchmarks.ucf101_24.mini import MiniSet, write
from provbench.registry import Contents, no_progress
from tests.tools.in_process import call

SMALL = MiniSet(train=24, val=8, test=16)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ucf101-24")
    write(folder, no_progress, SMALL)
    return folder


@pytest.fixture
def root(original: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(original, tmp_path / "ucf101-24", ignore=shutil.ignore_patterns("converted")))


def of(root: Path) -> Contents:
    return video_contents(root, no_progress)


def copy_skeletons(root: Path, source: str, target: str) -> None:
    """Gives a video the skeletons of another one."""
    content = pickle.loads((root / POSES).read_bytes())
    by_name = {entry["frame_dir"]: entry for entry in content["annotations"]}
    one, other = (by_name[name.rpartition("/")[2]] for name in (source, target))
    other.update({key: one[key] for key in ("keypoint", "keypoint_score", "total_frames")})
    (root / POSES).write_bytes(pickle.dumps(content))


def test_splits_by_groups_have_nothing_in_common(root: Path) -> None:
    found = of(root)
    assert {split: len(videos) for split, videos in found.digests.items()} == {"train": 24, "val": 8, "test": 16}
    assert all(len(digests) == 1 for videos in found.digests.values() for digests in videos.values())
    for one, other in (("train", "val"), ("train", "test"), ("val", "test")):
        assert found.identical(one, other) == []
        assert found.shared_sources(one, other) == []


def test_the_same_skeletons_under_two_names(root: Path) -> None:
    splits = split_videos(root)
    copy_skeletons(root, splits["train"][3], splits["test"][5])
    assert of(root).identical("train", "test") == [(splits["train"][3], splits["test"][5])]
    assert of(root).identical("train", "val") == []


def test_videos_without_people_are_not_the_same(root: Path) -> None:
    content = pickle.loads((root / POSES).read_bytes())
    for entry in content["annotations"]:
        entry["keypoint_score"][:] = 0
        entry["keypoint"][:] = 0
    (root / POSES).write_bytes(pickle.dumps(content))
    assert of(root).identical("train", "test") == []


def test_the_same_file_and_the_same_frames(root: Path) -> None:
    splits: dict[str, tuple[str, ...]] = {**split_videos(root)}
    for split, name, content in (("train", 0, b"film"), ("test", 0, b"film"), ("val", 0, b"another")):
        path = root / VIDEOS / f"{splits[split][name]}.avi"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for split, name in (("train", 1), ("val", 1)):
        for number in range(3):
            frame = root / VIDEOS / splits[split][name] / f"{split}_{number:05d}.jpg"
            frame.parent.mkdir(parents=True, exist_ok=True)
            frame.write_bytes(bytes([number]))
    seen: list[tuple[int, int]] = []
    found = video_contents(root, lambda done, total: seen.append((done, total)))
    assert found.identical("train", "test") == [(splits["train"][0], splits["test"][0])]
    assert found.identical("train", "val") == [(splits["train"][1], splits["val"][1])]
    assert seen[-1] == (5, 5)


def test_frames_count_in_their_order_and_their_names_do_not(tmp_path: Path) -> None:
    for folder, contents in (("a", b"012"), ("b", b"012"), ("c", b"021")):
        (tmp_path / folder).mkdir()
        for number, content in enumerate(contents):
            (tmp_path / folder / f"{folder}{number}.jpg").write_bytes(bytes([content]))
    one, same, turned = (digest_of_video(tmp_path / folder) for folder in "abc")
    assert one == same
    assert one != turned
    assert list(find_contents(tmp_path)) == []


@pytest.fixture
def verify(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(tmp_path)
    return lambda *more: call(monkeypatch, capsys, "data", "verify", "ucf101-24", "--root", root, *more)


def test_a_source_of_training_and_test_is_a_warning(root: Path, verify: Any) -> None:
    tested = (root / TEST_LIST).read_text().splitlines()
    moved = split_videos(root)["test"][0]
    twin = moved[:-2] + "09"
    for file in (ANNOTATIONS, POSES):
        content = pickle.loads((root / file).read_bytes())
        if file == ANNOTATIONS:
            content[twin] = content[moved]
        else:
            (entry,) = [one for one in content["annotations"] if one["frame_dir"] == moved.rpartition("/")[2]]
            content["annotations"].append({**entry, "frame_dir": twin.rpartition("/")[2]})
        (root / file).write_bytes(pickle.dumps(content))
    assert twin not in tested
    source = moved.partition("/")[0] + "/" + moved[-7:-4]
    ended = verify()
    assert ended.returncode == 2
    assert f"{twin}: is the same video as {moved}, and so in train and test: remove one of them" in ended.stdout
    assert "warning: train and test have videos of 1 common source, which share people and place" in ended.stderr
    assert ended.stderr.count(source) == 1
    told = json.loads(verify("--json").stdout)
    assert len(told["warnings"]) == 1
    (pair,) = [pair for pair in told["compared"] if pair["sets"] == ["train", "test"]]
    assert (pair["identical"], pair["sources"]) == ([[twin, moved]], [source])


def test_what_splits_have_in_common_is_told(verify: Any, root: Path) -> None:
    copy_skeletons(root, split_videos(root)["train"][0], split_videos(root)["val"][0])
    stdout = verify().stdout.splitlines()
    # the numbers of the small set are not the official ones, which is another complaint
    assert sum("expected" in line for line in stdout) == 3
    assert sum("is the same video as" in line and "in train and val" in line for line in stdout) == 1
    assert "train and val: 1 video and no source in common" in stdout
    assert "train and test: no video and no source in common" in stdout
