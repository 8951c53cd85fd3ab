"""W&B as a mirror: the offline files, read back with wandb's own reader, `wandb leet inspect`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from provbench.registry import TRACKERS
from provbench.results.store.record import RunRecord
from provbench.suites.driving.output import Output
from provbench.suites.planning.spec import RunSpec
from provbench.suites.trackers import Tracker
from provbench.suites.trackers.wandb import run_folders


def read_back(folder: Path) -> list[dict[str, Any]]:
    """Every entry of an offline run: a dictionary with its type, and its content under that name."""
    command = [sys.executable, "-P", "-m", "wandb", "leet", "inspect", "--json", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [json.loads(line) for line in done.stdout.splitlines()]


def only(entries: list[dict[str, Any]], kind: str) -> list[Any]:
    return [entry[kind] for entry in entries if entry["type"] == kind]


def summary(entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: value for update in only(entries, "summary") for name, value in update["update"].items()}


@contextmanager
def wandb(folder: Path) -> Iterator[Tracker]:
    """The tracker, in this process."""
    tracker = TRACKERS.build("wandb")
    folder.mkdir(exist_ok=True)
    tracker.open(folder)
    yield tracker
    tracker.close()


def test_every_record_is_mirrored_once(mirror: Any, output: Output) -> None:
    for _ in range(2):
        mirror("wandb")
    folders = run_folders(output.trackers / "wandb")
    assert sorted(folders) == output.store.keys()
    assert len(list((output.trackers / "wandb" / "wandb").iterdir())) == 4
    for record in output.store.records():
        entries = read_back(folders[record.key])
        (run,) = only(entries, "run")
        assert (run["run_id"], run["project"], run["run_group"]) == (record.key, "provbench", "toy")
        assert run["job_type"] == "final"
        assert run["config"]["update"].items() >= {"lr": 0.05, "seed": record.seed, "task": "toy"}.items()
        curve = [(row["step"]["num"], row["item"]["accuracy"]) for row in only(entries, "history")]
        assert curve == [(entry["epoch"], entry["accuracy"]) for entry in record.curve]
        assert summary(entries).items() >= {"test/accuracy": record.test["accuracy"], "status": "done"}.items()
        assert [entry["exit_code"] for entry in only(entries, "exit")] == [0]


def test_pictures_stand_at_the_epoch_that_was_scored(
    spec: RunSpec, record: RunRecord, pictures: list[Path], tmp_path: Path
) -> None:
    with wandb(tmp_path) as tracker:
        tracker.log(spec, record.model_copy(update={"epoch": 1, "status": "failed", "reason": "nan"}), pictures)
    folder = run_folders(tmp_path)[record.key]
    entries = read_back(folder)
    (run,) = only(entries, "run")
    assert run["config"]["update"].items() >= {**record.parameters, "task": "toy", "method": "baseline"}.items()
    assert (run["run_group"], run["display_name"]) == ("birds+", "toy <b> / baseline / seed 3")
    first, second = (row["item"] for row in only(entries, "history"))
    assert not any(name.startswith("pictures/") for name in second)
    for picture in pictures:
        path = folder / "files" / first[f"pictures/{picture.stem}.path"]
        assert path.read_bytes() == picture.read_bytes()
    assert [entry["exit_code"] for entry in only(entries, "exit")] == [1]


def test_a_record_that_was_made_anew_takes_the_old_ones_place(spec: RunSpec, record: RunRecord, tmp_path: Path) -> None:
    for scores in ([62.5, 0.5], [99.0]):
        with wandb(tmp_path) as tracker:
            for score in scores:
                tracker.log(spec, record.model_copy(update={"test": {"accuracy": score}}), [])
    (folder,) = (tmp_path / "wandb").iterdir()
    assert summary(read_back(folder))["test/accuracy"] == 99


def test_what_a_killed_process_left_does_not_count(spec: RunSpec, record: RunRecord, tmp_path: Path) -> None:
    part = tmp_path / "unfinished" / "wandb" / f"offline-run-20260101_000000-{record.key}"
    part.mkdir(parents=True)
    assert not TRACKERS.build("wandb").present(tmp_path)
    with wandb(tmp_path) as tracker:
        assert not part.exists()
        tracker.log(spec, record, [])
    assert list(TRACKERS.build("wandb").present(tmp_path)) == [record.key]


def test_the_same_tables_are_there_once(tmp_path: Path) -> None:
    files = [tmp_path / "toy.md", tmp_path / "toy.csv"]
    for text in ("| 1 |", "| 1 |", "| 2 |"):
        for file in files:
            file.write_text(text)
        with wandb(tmp_path / "mirror") as tracker:
            tracker.tables("birds+", files)
    folders = run_folders(tmp_path / "mirror")
    assert len(folders) == 2
    found = {}
    for folder in folders.values():
        entries = read_back(folder)
        (run,), (artifact,) = only(entries, "run"), only(entries, "artifact")
        assert (run["job_type"], run["run_group"]) == ("tables", "birds+")
        assert (artifact["type"], artifact["name"]) == ("table", "birds--tables")
        contents = {entry["path"]: Path(entry["local_path"]).read_text() for entry in artifact["manifest"]["contents"]}
        found[contents["toy.md"]] = sorted(contents)
    assert found == {"| 1 |": ["toy.csv", "toy.md"], "| 2 |": ["toy.csv", "toy.md"]}
