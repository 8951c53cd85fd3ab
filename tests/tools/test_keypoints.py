"""`provbench data extract-keypoints`, on a generated video and networks with random weights."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from provbench.benchmarks.ucf101_24.video import write_video
from provbench.registry.base import load_pickle

from .conftest import Run

COMMAND = ("data", "extract-keypoints")


def write_videos(folder: Path, *names: str) -> None:
    folder.mkdir(exist_ok=True)
    for seed, name in enumerate(names):
        frames = np.random.default_rng(seed).integers(0, 256, (8, 96, 96, 3), dtype=np.uint8)
        write_video(folder / name, frames)


def test_the_command_says_what_is_missing(provbench: Run, tmp_path: Path) -> None:
    done = provbench(*COMMAND, "videos", "--out", "a.pkl")
    assert done.returncode == 2
    assert "videos: no such video, and no such folder" in done.stderr
    write_videos(tmp_path / "videos", "v_Biking_g01_c01.mp4")
    done = provbench(*COMMAND, "videos", "--out", "a.pkl", "--data", "my-data", "--device", "cpu")
    assert done.returncode == 2
    place = Path("my-data", "weights", "keypointrcnn_resnet50_fpn_coco-fc266e95.pth")
    assert f"{place}: no such file. Download https://download.pytorch.org/models/{place.name} to it" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "a.pkl.parts").exists()


def test_the_command_line_imports_no_torch() -> None:
    code = "import provbench.tools.cli, provbench.benchmarks.ucf101_24.video, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_from_videos_to_a_pose_file(provbench: Run, tmp_path: Path) -> None:
    import torch
    from torchvision.models.detection import keypointrcnn_resnet50_fpn

    torch.manual_seed(0)
    net = keypointrcnn_resnet50_fpn(weights=None, weights_backbone=None)
    torch.save(net.state_dict(), tmp_path / "random.pth")
    write_videos(tmp_path / "videos", "v_Biking_g01_c01.mp4", "v_Biking_g09_c01.mp4")
    broken = tmp_path / "videos" / "v_Biking_g02_c01.mp4"
    broken.write_bytes((tmp_path / "videos" / "v_Biking_g01_c01.mp4").read_bytes()[:3000])

    options = ("--weights", "random.pth", "--size", "64", "--every", "4", "--max-persons", "2", "--min-score", "0.1")
    done = provbench(*COMMAND, "videos", "--out", "a.pkl", *options, "--device", "cpu")
    assert done.returncode == 1, done.stderr
    assert "a.pkl: 2 videos, 0 of them done before" in done.stdout
    assert f"videos/{broken.name}: broken at frame 0" in done.stderr
    assert "1 of 3 videos are broken" in done.stderr
    annotations = load_pickle(tmp_path / "a.pkl")["annotations"]
    assert [entry["frame_dir"] for entry in annotations] == ["v_Biking_g01_c01", "v_Biking_g09_c01"]
    for entry in annotations:
        assert entry["keypoint"].shape == (2, 8, 17, 2)
        seen = entry["keypoint_score"].any(axis=(0, 2))
        assert seen.tolist() == [True, False, False, False] * 2
        assert entry["keypoint"].min() >= 0
        assert entry["keypoint"].max() <= 97

    broken.unlink()
    done = provbench(*COMMAND, "videos", "--out", "a.pkl", *options, "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert "a.pkl: 2 videos, 2 of them done before" in done.stdout
    done = provbench(*COMMAND, "videos", "--out", "a.pkl", "--weights", "random.pth", "--device", "cpu")
    assert done.returncode == 2
    assert "its videos were done with every 4 (now 1)" in done.stderr
