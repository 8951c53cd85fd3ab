"""A suite whose driver and workers are killed again and again ends as one that was left alone."""

from __future__ import annotations

import csv
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from provbench.suites.driving.garbage import DAY_SECONDS, find_garbage, remove
from provbench.suites.driving.output import Output
from provbench.suites.search.storage import open_storage

PLUGINS = [Path(__file__).parents[2] / "plugins" / name for name in ("toy.py", "threshold.py")]
SUITE = """\
name: faults
seeds: [0, 1, 2, 3, 4]
tasks: {toy: {variant: mini, params: {epochs: 3, train_size: 48}}}
methods:
  baseline: {}
  cutmix: {augmentation: cutmix}
  guided: {augmentation: cutmix, regularizers: [gradient-guidance]}
search: {trials: 15, startup: 5, sampler: random, pruner: threshold, space: {lr: null, cutmix.prob: null}}
"""
RUNS = 3 * (15 + 5)
KILLS, KILLS_WHEN_FINISHED = 45, 5
PATIENCE = 180.0
"""Seconds after which what should have happened has not."""
DONE, SOME_LOST = 0, 1
MARK = "PROVBENCH_TEST_OUT"
"""Variable of the environment by which a driver and all that it starts are known."""

pytestmark = pytest.mark.slow


class Life:
    """One start of `provbench run`, from its beginning to its end or its killing."""

    def __init__(self, folder: Path, out: Path) -> None:
        self.output = Output(out)
        self.before = records(self.output)
        self._log = folder / "stderr.txt"
        plugins = [word for plugin in PLUGINS for word in ("--plugin", str(plugin))]
        command = [sys.executable, "-m", "provbench.tools.cli", "run", "suite.yaml", *plugins]
        options = ["--executor", "local", "--jobs", "2", "--out", out.name]
        environment = {**os.environ, MARK: str(out), "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
        with self._log.open("wb") as log:
            self.process = psutil.Popen(
                [*command, *options], cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=log
            )

    @property
    def over(self) -> bool:
        return self.process.poll() is not None

    def workers(self) -> list[psutil.Process]:
        found = []
        with suppress(psutil.NoSuchProcess):
            for child in self.process.children():
                with suppress(psutil.NoSuchProcess):
                    if "spawn_main" in " ".join(child.cmdline()):
                        found.append(child)
        return found

    def wait_for(self, happened: Callable[[], bool], at_most: float | None = None) -> None:
        """Until it has happened, the driver has ended, or so many seconds are over; without such a number, it must."""
        deadline = time.monotonic() + (PATIENCE if at_most is None else at_most)
        while not (happened() or self.over):
            if time.monotonic() > deadline:
                assert at_most is not None, self.log()
                break
            time.sleep(0.01)

    def wait_for_records(self, count: int, at_most: float | None = None) -> None:
        goal = recorded(self.output) + count
        self.wait_for(lambda: recorded(self.output) >= goal, at_most)

    def log(self) -> str:
        return self._log.read_text()

    def finished_runs(self) -> set[str]:
        """The first digits of the keys of the runs that it says it trained to their end."""
        return set(re.findall(r"^\[\d+/\d+\] ([0-9a-f]{8})  (?!.*LOST)", self.log(), re.MULTILINE))

    def kill(self) -> None:
        with suppress(psutil.NoSuchProcess):  # it was quicker
            self.process.kill()
        self.end()

    def end(self) -> None:
        """It was killed, or has ended: it has lost no record, and trained none of those that were there again."""
        assert self.process.wait(2 * PATIENCE) in (DONE, SOME_LOST, -signal.SIGKILL), self.log()
        after = records(self.output)
        assert {key: after.get(key) for key in self.before} == self.before
        assert not self.finished_runs() & {key[:8] for key in self.before}
        assert "Traceback" not in self.log()


def records(output: Output) -> dict[str, bytes]:
    """The content of each record's file by its key."""
    return {path.stem: path.read_bytes() for path in (output.root / "records").glob("*/*.json")}


def recorded(output: Output) -> int:
    return sum(1 for _ in (output.root / "records").glob("*/*.json"))


def run_to_the_end(folder: Path, out: Path) -> Life:
    life = Life(folder, out)
    life.end()
    assert life.process.returncode == DONE, life.log()
    return life


@contextmanager
def timed() -> Iterator[Callable[[], float]]:
    began = time.monotonic()
    yield lambda: time.monotonic() - began


def tables(output: Output) -> list[object]:
    """What the table shows, cell by cell, with the keys of its runs, and how the searches went."""
    folder = output.suite("faults") / "tables"
    notes = json.loads((folder / "toy.json").read_text())["notes"]
    with (folder / "toy.csv").open() as rows:
        return [*csv.DictReader(rows), *(note for note in notes if note.startswith("Search trials"))]


def trials(output: Output) -> dict[str, list[tuple[Any, ...]]]:
    """Every trial of every study: state, number, parameters and values."""
    storage = open_storage(str(output.journal("faults")))
    return {
        study.study_name: [
            (trial.state.name, trial.number, trial.params, trial.values, trial.intermediate_values)
            for trial in storage.get_all_trials(study._study_id)
        ]
        for study in storage.get_all_studies()
    }


def processes_of(output: Output) -> list[str]:
    """Those that a driver of the output folder started, and dead ones that nobody waited for."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(MARK) == str(output.root):
                found.append(f"{process.pid}: {process.cmdline()}")
    return found + [f"{child.pid}: {child.status()}" for child in psutil.Process().children(recursive=True)]


def kill_a_worker(life: Life, rng: random.Random) -> None:
    life.wait_for(lambda: bool(life.workers()))
    workers = life.workers()
    if workers:
        victim = rng.choice(workers)
        with suppress(psutil.NoSuchProcess):
            victim.kill()
        life.wait_for(lambda: not victim.is_running())  # as it does until the driver has taken note of its end


def files(output: Output) -> list[Path]:
    """All but the store's index, which is made at the first look."""
    found = (path.relative_to(output.root) for path in output.root.rglob("*") if not path.is_dir())
    return sorted(path for path in found if not path.name.startswith("index.sqlite"))


def test_fifty_kills_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "suite.yaml").write_text(SUITE)
    undisturbed, output = Output(tmp_path / "undisturbed"), Output(tmp_path / "out")
    with timed() as elapsed:
        life = Life(tmp_path, undisturbed.root)
        life.wait_for_records(1)
        starting = elapsed()
        life.end()
        pause = (elapsed() - starting) / RUNS
    with timed() as elapsed:
        assert run_to_the_end(tmp_path, undisturbed.root).finished_runs() == set()
        finding = elapsed()
    assert len(records(undisturbed)) == RUNS

    rng, life = random.Random(20), Life(tmp_path, output.root)
    for _ in range(KILLS):
        victim = rng.choice(("driver while it starts", "driver", "driver", "worker", "worker", "worker"))
        if victim == "driver while it starts":
            life.wait_for_records(1, at_most=rng.uniform(0, starting))
        else:
            life.wait_for_records(rng.randrange(3))
            time.sleep(rng.uniform(0, 2 * pause))
        if victim == "worker":
            kill_a_worker(life, rng)
        else:
            life.kill()
        if life.over:
            life.end()
            life = Life(tmp_path, output.root)
    life.kill()
    run_to_the_end(tmp_path, output.root)
    for _ in range(KILLS_WHEN_FINISHED):
        life = Life(tmp_path, output.root)
        life.wait_for(lambda: False, at_most=rng.uniform(0, finding))
        life.kill()
    assert run_to_the_end(tmp_path, output.root).finished_runs() == set()

    assert {record.key: record.outcome for record in output.store.records()} == {
        record.key: record.outcome for record in undisturbed.store.records()
    }
    assert tables(output) == tables(undisturbed)
    assert trials(output) == trials(undisturbed)
    assert {state for study in trials(output).values() for state, *_ in study} == {"COMPLETE", "PRUNED"}
    deadline = time.monotonic() + PATIENCE
    while processes_of(output) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(output) == []
    assert not (output.root / "quarantine").exists()
    remove(find_garbage(output, now=time.time() + 2 * DAY_SECONDS))
    assert files(output) == files(undisturbed)
