"""What killed processes left in a data root can go, and nothing that is in use does."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from filelock import FileLock

from provbench.benchmarks.common import KEPT, ensure_generated
from provbench.registry.base.derived import VARIABLE
from provbench.suites.driving.data_garbage import find_data_garbage
from provbench.suites.driving.garbage import Garbage, remove

HOUR = 3700.0
SET = f"waterbirds-background-swap-{'a' * 20}"


def names(garbage: list[Garbage]) -> list[str]:
    return [item.path.name for item in garbage]


def later(root: Path, quarantine: bool = False) -> list[Garbage]:
    return find_data_garbage(root, quarantine, now=time.time() + HOUR)


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data root with a generated set, a synthetic set, and files of somebody's own."""
    ensure_generated(tmp_path / "waterbirds-mini", {"version": 1}, lambda folder: touch(folder / "1.png") and None)
    for own in (f"synthetic/{SET}/manifest.jsonl", "cub/1.jpg", ".mine.lock", ".mine-12345678/1", "synthetic/mine/1"):
        touch(tmp_path / own)
    return tmp_path


def everything(root: Path) -> set[Path]:
    return {path.relative_to(root) for path in root.rglob("*") if not path.name.endswith(".lock")}


def test_what_killed_processes_left_goes_and_nothing_else(root: Path) -> None:
    before = everything(root)
    left = [
        ".waterbirds-mini.new-abcd_123",
        ".waterbirds-mini.old-77",
        ".cub-mini.new-abcd_123",
        f"synthetic/.{SET}-abcd_123",
        "ucf101-24/converted/.tubes.new-abcd_123",
    ]
    for folder in left:
        touch(root / folder / "half.png")
    touch(root / "synthetic" / f"{SET}.lock")
    touch(root / ".waterbirds-mini.prepare.lock")
    touch(root / ".digests" / ".waterbirds-mini.json.0123456789ab.tmp")

    assert find_data_garbage(root) == [], "an hour has not gone by"
    found = names(later(root))
    for folder in left:
        assert Path(folder).name in found
    for file in (f"{SET}.lock", ".waterbirds-mini.lock", ".waterbirds-mini.prepare.lock"):
        assert file in found
    assert len(found) == len(left) + 4
    remove(later(root))
    assert everything(root) - {Path("ucf101-24"), Path("ucf101-24/converted"), Path(".digests")} == before
    assert later(root) == []


@pytest.mark.parametrize(
    ("lock", "left"),
    [
        (".waterbirds-mini.lock", ".waterbirds-mini.new-abcd_123"),
        (f"synthetic/{SET}.lock", f"synthetic/.{SET}-abcd_123"),
    ],
)
def test_what_a_process_is_writing_stays(root: Path, lock: str, left: str) -> None:
    remove(later(root))
    touch(root / left / "half.png")
    with FileLock(root / lock):
        assert later(root) == []
    assert Path(left).name in names(later(root))


def test_a_lock_that_was_taken_meanwhile_stays(root: Path) -> None:
    found = later(root)
    assert names(found) == [".waterbirds-mini.lock"]
    with FileLock(root / ".waterbirds-mini.lock"):
        remove(found)
        assert (root / ".waterbirds-mini.lock").exists()
    remove(found)
    assert not (root / ".waterbirds-mini.lock").exists()


def test_damaged_synthetic_sets_go_only_on_request(root: Path) -> None:
    aside = touch(root / "synthetic" / f"{SET}.damaged-abcd_123" / "1.png").parent
    assert aside.name not in names(later(root))
    (found,) = [item for item in later(root, quarantine=True) if item.kind == "quarantine"]
    assert found.path == aside


def test_the_folder_for_what_is_derived_is_looked_at(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from provbench.registry.base import derived_folder

    monkeypatch.setenv(VARIABLE, str(tmp_path_factory.mktemp("derived")))
    left = touch(derived_folder(root) / "synthetic" / f".{SET}-abcd_123" / "1.png").parent
    converted = derived_folder(root / "ucf101-24") / "converted" / ".tubes.new-abcd_123"
    touch(converted / "boxes.npy")
    assert {left.name, converted.name} <= set(names(later(root)))


def test_nothing_is_removed_through_links(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    precious = touch(tmp_path_factory.mktemp("private") / "precious")
    os.utime(precious, (0, 0))
    (root / f".{'b' * 4}.new-abcd_123").symlink_to(precious.parent)
    (root / "synthetic" / f".{SET}-abcd_123").symlink_to(precious.parent)
    remove(later(root))
    assert precious.exists()


def test_a_replaced_set_whose_successor_never_came_is_put_back_with_its_edits(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    touch(tmp_path / ".set.old-7" / KEPT / "alia" / "0-0.png")
    (tmp_path / ".set.old-7" / "VERSION.json").write_text("{}\n")
    touch(tmp_path / ".set.new-abcd_123" / "1.png")
    assert names(later(tmp_path)) == [".set.new-abcd_123"]
    ensure_generated(folder, {"version": 2}, lambda fresh: touch(fresh / "1.png") and None)
    assert (folder / KEPT / "alia" / "0-0.png").is_file()
    assert (folder / "1.png").is_file()


def test_decoded_images_go_where_they_are_unused_or_all_are_asked_for(root: Path) -> None:
    files = {
        touch(root / ".decoded" / f"{name}{suffix}") for name in ("new", "old") for suffix in (".pixels", ".slots")
    }
    month = time.time() - 31 * 86_400
    for file in files:
        if file.stem == "old" or file.suffix == ".pixels":  # of a file that is only read the heads have the time
            os.utime(file, (month, month))

    assert sorted(names(find_data_garbage(root))) == ["old.pixels", "old.slots"]
    everything = find_data_garbage(root, decoded=True)
    assert {item.path for item in everything} == files
    assert {item.kind for item in everything} == {"decoded"}
