"""Jobs of the toy suite, with augmentations that try an executor's patience."""

from __future__ import annotations

import json
import os
import re
import select
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provbench.results.store.record import RunRecord
from provbench.suites.executors import Ending, Executor, Job, OnValidation
from provbench.suites.file.schema import load_suite
from provbench.suites.planning.plan import Plan, make_plan
from provbench.suites.planning.spec import Place

from ..conftest import PLUGINS

PROBE = str(Path(__file__).with_name("probe.py"))
SUITE = """\
name: toy
seeds: {seeds}
tasks:
  toy: {{variant: mini, params: {{epochs: {epochs}, train_size: 32}}}}
methods:
  tested: {{augmentation: {augmentation}}}
"""


@pytest.fixture
def plan_with(tmp_path: Path) -> Callable[..., Plan]:
    """A suite of one method with an augmentation, in YAML."""

    def build(augmentation: str = "null", seeds: int = 1, epochs: int = 2, plugins: tuple[str, ...] = ()) -> Plan:
        path = tmp_path / "suite.yaml"
        path.write_text(SUITE.format(augmentation=augmentation, seeds=list(range(seeds)), epochs=epochs))
        return make_plan(load_suite(str(path)), plugins or (*PLUGINS, PROBE))

    return build


@pytest.fixture
def jobs_of(tmp_path: Path) -> Callable[..., list[Job]]:
    """The final runs of a plan as jobs."""

    def build(plan: Plan, **place: Any) -> list[Job]:
        (cell,) = plan.cells
        where = Place(**{"data_root": tmp_path / "data", "work_root": tmp_path / "work", **place})
        return [Job(spec, where) for spec in plan.final_specs(cell, "toy-32")]

    return build


def never_stop(job: Job, epoch: int, epochs: int, value: float | None) -> bool:
    return False


def run_all(executor: Executor, jobs: list[Job], on_validation: OnValidation = never_stop) -> list[Ending]:
    """How each job ended, in the order of the jobs, as many at a time as the executor takes."""
    ended: dict[str, Ending] = {}
    waiting, under_way = list(jobs), 0
    while waiting or under_way:
        while waiting and under_way < executor.slots:
            executor.submit(waiting.pop(0))
            under_way += 1
        finished = executor.wait(on_validation)
        ended[finished.job.spec.key] = finished
        under_way -= 1
    return [ended[job.spec.key] for job in jobs]


def record_of(finished: Ending) -> RunRecord:
    assert finished.record is not None, finished.error
    return finished.record


def seen_by(finished: Ending) -> dict[str, Any]:
    """What `look-around` saw."""
    reason = record_of(finished).reason
    told = re.search(r"\{.*\}", reason)
    assert told is not None, reason
    return json.loads(told.group())


def ends(pid: int, seconds: float = 20) -> bool:
    """Whether a process, which need not be ours, ends in time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)
