from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from provbench.results.store.artifacts import Artifacts
from provbench.results.store.record_file import DamagedError


def write(root: Path, name: str, content: bytes = b"x") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_runs_files(tmp_path: Path) -> None:
    for name in (
        "predictions/aa/aa00.val.npz",
        "predictions/aa/aa00.test.npz",
        "predictions/aa/.aa00.test.npz.1.tmp",
        "predictions/aa/aa001.test.npz",
        "predictions/aa/aa00.txt",
        "checkpoints/aa00/epoch_2.pth",
        "checkpoints/aa00/.epoch_3.pth.1.tmp",
        "checkpoints/aa001/epoch_1.pth",
        "pictures/aa00/deep/1.png",
        "work/aa00/state.pth",
    ):
        write(tmp_path, name)
    assert [str(file) for file in Artifacts(tmp_path).of("aa00")] == [
        "predictions/aa/aa00.test.npz",
        "predictions/aa/aa00.val.npz",
        "checkpoints/aa00/epoch_2.pth",
        "pictures/aa00/deep/1.png",
    ]
    assert Artifacts(tmp_path).of("zz00") == []


def test_links_are_no_files(tmp_path: Path) -> None:
    secret = write(tmp_path, "secret")
    folder = write(tmp_path, "runs/pictures/aa00/1.png").parent
    (folder / "2.png").symlink_to(secret)
    (folder / "deep").symlink_to(tmp_path)
    assert Artifacts(tmp_path / "runs").of("aa00") == [Path("pictures/aa00/1.png")]


def test_a_folder_without_artifacts_has_none(tmp_path: Path) -> None:
    assert Artifacts(tmp_path / "runs").of("aa00") == []


def test_torn_predictions_are_noticed(tmp_path: Path) -> None:
    path = write(tmp_path, "predictions/aa/aa00.test.npz")
    np.savez_compressed(path, score=np.arange(20.0))
    file = path.relative_to(tmp_path)
    Artifacts(tmp_path).check(file)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedError):
        Artifacts(tmp_path).check(file)


def test_other_files_have_no_checksum_to_check(tmp_path: Path) -> None:
    write(tmp_path, "checkpoints/aa00/epoch_1.pth", b"")
    Artifacts(tmp_path).check(Path("checkpoints/aa00/epoch_1.pth"))
