"""What can go goes, and nothing else does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from optuna.storages.journal import JournalFileSymlinkLock

from provbench.registry.base.atomic import atomic_file
from provbench.results import RunRecord
from provbench.suites.driving.driver import Driver, Tally
from provbench.suites.driving.garbage import DAY_SECONDS, Garbage, find_garbage, remove
from provbench.suites.driving.output import Output
from provbench.suites.executors.inline import Inline
from provbench.suites.executors.ray_node import SIGN, sign
from provbench.suites.planning.plan import Plan
from provbench.suites.planning.spec import Place
from provbench.suites.trackers.wandb import UNFINISHED

FINISHED, INTERRUPTED = "f" * 20, "0" * 20


@pytest.fixture
def filled(output: Output) -> Output:
    """An output folder with the record of one toy run, FINISHED: best by accuracy in epoch 1, by confidence in 3."""
    curve = [{"epoch": epoch, "accuracy": 90.0 - epoch, "confidence": 50.0 + epoch} for epoch in (1, 2, 3)]
    fields = {"suite": "s", "task": "toy", "variant": "mini", "method": "m", "phase": "final", "seed": 0}
    output.store.put(RunRecord(**fields, key=FINISHED, parameters={}, status="done", curve=curve))
    return output


def write(path: Path, size: int = 10, age: float = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    touched = time.time() - age
    for one in (path, path.parent):
        os.utime(one, (touched, touched))
    return path


def kinds(garbage: list[Garbage]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in garbage:
        found.setdefault(item.kind, []).append(item.path.name)
    return found


HOLD = """
import sys
from pathlib import Path
from provbench.suites.running.execution import working_folder
with working_folder(Path(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def at_work(output: Output, key: str) -> Iterator[None]:
    """Another process has the run's working folder, and is killed at the end."""
    command = [sys.executable, "-c", HOLD, output.work, key]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.kill()


class TestWorkingFolders:
    def test_a_finished_run_has_no_use_for_its_own(self, filled: Output) -> None:
        write(filled.work / FINISHED / "resume.safetensors", 1000)
        write(filled.work / INTERRUPTED / "resume.safetensors")
        (item,) = find_garbage(filled)
        assert (item.kind, item.path, item.files, item.bytes) == ("finished work", filled.work / FINISHED, 1, 1000)

    def test_an_interrupted_run_keeps_its_own_for_a_day(self, filled: Output) -> None:
        write(filled.work / INTERRUPTED / "resume.safetensors", age=DAY_SECONDS - 60)
        assert find_garbage(filled) == []
        assert kinds(find_garbage(filled, now=time.time() + 120)) == {"abandoned work": [INTERRUPTED]}

    def test_one_that_a_process_is_at_work_in_stays_whatever_its_age(self, filled: Output) -> None:
        for key in (FINISHED, INTERRUPTED):
            write(filled.work / key / "resume.safetensors")
        later = time.time() + 2 * DAY_SECONDS
        with at_work(filled, FINISHED), at_work(filled, INTERRUPTED):
            assert find_garbage(filled, now=later) == []
        assert kinds(find_garbage(filled, now=later)) == {"finished work": [FINISHED], "abandoned work": [INTERRUPTED]}

    def test_weights_that_have_another_name_elsewhere_free_nothing(self, filled: Output) -> None:
        kept = write(filled.weights(FINISHED) / "epoch_3.safetensors", 5000)
        write(filled.work / FINISHED / "resume.safetensors", 100)
        (filled.work / FINISHED / "epoch_3.safetensors").hardlink_to(kept)
        twice = write(filled.work / FINISHED / "epoch_2.safetensors", 70)
        (filled.work / FINISHED / "again.safetensors").hardlink_to(twice)
        (item,) = find_garbage(filled)
        assert (item.files, item.bytes) == (4, 170)


class TestWeights:
    @pytest.fixture
    def weighty(self, filled: Output) -> Output:
        for epoch in (1, 2, 3):
            write(filled.weights(FINISHED) / f"epoch_{epoch}.safetensors")
        return filled

    @pytest.mark.parametrize(("keep", "gone"), [("all", []), ("best", [2]), ("last", [1, 2]), ("none", [1, 2, 3])])
    def test_those_beyond_the_policy_go(self, weighty: Output, keep: Any, gone: list[int]) -> None:
        garbage = find_garbage(weighty, keep)
        assert [item.path.name for item in garbage] == [f"epoch_{epoch}.safetensors" for epoch in gone]
        remove(garbage)
        assert weighty.weights(FINISHED).is_dir() == (len(gone) < 3)
        assert find_garbage(weighty, keep) == []

    def test_of_a_task_that_is_not_registered_none_is_known_to_be_worse(self, weighty: Output) -> None:
        (record,) = weighty.store.records()
        other = record.model_copy(update={"task": "of-a-plugin", "key": INTERRUPTED})
        weighty.store.put(other)
        for epoch in (1, 2, 3):
            write(weighty.weights(INTERRUPTED) / f"epoch_{epoch}.safetensors")
        assert {item.path.parent.name for item in find_garbage(weighty, "best")} == {FINISHED}

    def test_those_without_a_record_go(self, weighty: Output) -> None:
        write(weighty.weights(INTERRUPTED) / "epoch_1.safetensors")
        assert kinds(find_garbage(weighty)) == {"weights": [INTERRUPTED]}


def test_pictures_and_predictions_without_a_record(filled: Output) -> None:
    for key in (FINISHED, INTERRUPTED):
        write(filled.pictures(key) / "one.png")
        write(filled.root / "predictions" / key[:2] / f"{key}.test.npz")
    garbage = find_garbage(filled)
    assert kinds(garbage) == {"pictures": [INTERRUPTED], "predictions": [f"{INTERRUPTED}.test.npz"]}


def test_temporary_files_an_hour_old(filled: Output) -> None:
    stale = f".{FINISHED}.json.0123456789ab.tmp"
    journal = filled.journal("toy")
    write(filled.root / "records" / "ff" / stale, age=3700)
    write(filled.root / "records" / "ff" / stale.replace("0123", "4567"), age=3500)
    write(filled.suite("toy") / "tables" / ".toy.md.0123456789ab.tmp", age=3700)
    write(filled.weights(FINISHED) / ".epoch_3.safetensors.0123456789ab.tmp", age=3700)
    write(filled.trackers / "wandb" / ".run.0123456789ab.tmp", age=3700)
    write(journal, age=3700)
    JournalFileSymlinkLock(str(journal)).acquire()
    hour = time.time() + 3700
    assert sorted(kinds(find_garbage(filled))["temporary"]) == sorted(
        [stale, ".toy.md.0123456789ab.tmp", ".epoch_3.safetensors.0123456789ab.tmp"]
    )
    assert f"{journal.name}.lock" in kinds(find_garbage(filled, now=hour))["temporary"]
    remove(find_garbage(filled, now=hour))
    assert journal.is_file()


def test_what_a_tracker_was_writing_when_it_was_killed(filled: Output) -> None:
    own = filled.trackers / "wandb"
    write(own / UNFINISHED / "run-1" / "run.wandb")
    write(own / "wandb" / "offline-run-1_1-key" / "run.wandb")
    hour = time.time() + 3700
    with FileLock(own / ".lock"):
        assert find_garbage(filled, now=hour) == []
    assert kinds(find_garbage(filled, now=hour)) == {"temporary": [UNFINISHED]}


def test_what_a_driver_of_a_cluster_left(filled: Output) -> None:
    filled.work.mkdir()
    sign(filled.work, "driver")
    assert kinds(find_garbage(filled, now=time.time() + 3700)) == {"temporary": [SIGN]}


def test_what_is_being_written_is_recognised_by_its_writer(filled: Output) -> None:
    with atomic_file(filled.root / "table.md"):
        assert len(kinds(find_garbage(filled, now=time.time() + 3700))["temporary"]) == 1
    assert find_garbage(filled, now=time.time() + 3700) == []


def test_the_quarantine_only_if_asked(filled: Output) -> None:
    write(filled.root / "quarantine" / "damaged.json")
    assert find_garbage(filled) == []
    assert kinds(find_garbage(filled, quarantine=True)) == {"quarantine": ["damaged.json"]}


def test_what_is_no_run_s_is_left_alone(filled: Output) -> None:
    old = 10 * DAY_SECONDS
    write(filled.checkpoints / "imagenet" / "resnet50.safetensors", age=old)
    write(filled.checkpoints / "notes.txt", age=old)
    write(filled.work / "mine" / "file", age=old)
    write(filled.root / "pictures" / "holiday" / "sea.png", age=old)
    assert find_garbage(filled, "none", quarantine=True) == []


def everything(output: Output) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in output.root.rglob("*") if path.is_file()}


@pytest.fixture
def finished(make: Callable[..., Plan], output: Output, tmp_path: Path) -> Output:
    Driver(make(), output, Inline(), Place(tmp_path / "data", output.work, keep="all")).run()
    return output


def test_a_suite_that_was_left_alone_leaves_nothing(
    finished: Output, make: Callable[..., Plan], drive: Callable[..., Tally]
) -> None:
    finished.store.keys()  # with which the store has its index
    before = everything(finished)
    assert find_garbage(finished, quarantine=True) == []
    remove(find_garbage(finished, "last"))
    after = everything(finished)
    gone = before.keys() - after.keys()
    assert {path.name for path in gone} == {"epoch_1.safetensors"}
    assert all(before[path] == content for path, content in after.items()), "looking writes nothing"
    assert drive(make()).trained == 0


def test_nothing_is_counted_or_removed_through_links(filled: Output, tmp_path: Path) -> None:
    precious = write(tmp_path / "private" / "epoch_9.safetensors", 1000, age=3 * DAY_SECONDS)
    for folder in (filled.checkpoints, filled.work, filled.root / "pictures", filled.root / "predictions" / "ff"):
        folder.mkdir(parents=True, exist_ok=True)
        for key in (FINISHED, INTERRUPTED):
            (folder / key).symlink_to(precious.parent)
    (filled.root / "quarantine").symlink_to("quarantine")
    garbage = find_garbage(filled, "none", quarantine=True, now=time.time() + 3 * DAY_SECONDS)
    assert sum(item.bytes for item in garbage) < 1000
    remove(garbage)
    assert precious.is_file()
