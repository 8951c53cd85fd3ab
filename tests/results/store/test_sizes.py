from __future__ import annotations

from pathlib import Path

from provbench.results.store.sizes import folder_sizes


def test_bytes_by_folder(tmp_path: Path) -> None:
    for name, size in {
        "records/aa/aa00.json": 10,
        "records/ab/ab00.json": 5,
        "checkpoints/aa00/deep/epoch_1.pth": 100,
        "index.sqlite": 7,
        ".lock": 0,
        ".store.lock": 3,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    (tmp_path / "work").mkdir()
    assert folder_sizes(tmp_path) == {"checkpoints": 100, "index": 7, "other": 3, "records": 15, "work": 0}


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "loop").symlink_to(tmp_path)
    assert folder_sizes(tmp_path)["records"] < 1000


def test_a_folder_that_is_not_there_takes_nothing(tmp_path: Path) -> None:
    assert folder_sizes(tmp_path / "runs") == {}
