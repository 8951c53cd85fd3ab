"""Measures a suite's tables over many finished runs, against reading every record's file.

    python -m provbench.tools.bench.tables [--methods 100] [--seeds 1000] [--epochs 12] [--profile]

Makes the records of a suite (methods x seeds) in a temporary folder (TMPDIR chooses the disk), and measures in
processes of their own: reading and parsing every record's JSON; what `provbench tables` does (plan, survey, tables,
their files) with the index that a driver leaves, and again. Prints CPU time, the peak of resident memory, and ratios of
CPU time to the first. The files are in the operating system's cache in every case.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import random
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from provbench.registry import MODELS, TASKS, Metric, Progress, Recipe, Task, TaskInfo, TrainingSet
from provbench.registry.base import UserError
from provbench.results.store import RunRecord, Store
from provbench.suites.driving import Output
from provbench.suites.file import Suite, SuiteFile, expand_sweeps
from provbench.suites.planning import Plan, RunSpec, make_plan

from .made_records import LIKE_A_RUNS, record_of, write_record

METRICS = ("accuracy", "F1", "recall", "precision", "confidence")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=12, help="entries of each training curve")
    parser.add_argument("--baseline", action="store_true", help="test against a baseline instead of all pairs")
    parser.add_argument("--profile", action="store_true", help="print where the time of the tables goes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _alone(_fill, root, options)
        measured = {
            "parse every record": _alone(_parse_all, root),
            "tables": _alone(_tables, root, options),
            "tables again": _alone(_tables, root, options),
        }
        if options.profile:
            _alone(partial(_tables, profile=True), root, options)
    print(f"{options.methods} methods x {options.seeds} seeds, {options.epochs} epochs")
    reference = measured["parse every record"][0]
    for name, (seconds, megabytes) in measured.items():
        print(f"{name:>20}: {seconds:7.2f} s of CPU time  {seconds / reference:5.2f} x  {megabytes:6.0f} MB")


def _alone(work: Callable[..., object], *arguments: Any) -> tuple[float, float]:
    """CPU seconds of the work, and the peak of resident memory in MB, of a process that does nothing else."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (work, *arguments))


def _measured(work: Callable[..., object], *arguments: Any) -> tuple[float, float]:
    began = time.process_time()
    work(*arguments)
    return time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _plan(options: argparse.Namespace) -> Plan:
    MODELS.add("bench", "builtins:object", version="1")
    TASKS.add("bench", f"{__name__}:BenchTask")
    sweep = {"gradient-guidance.alpha": [0.01 * (number + 1) for number in range(options.methods)]}
    table = {"name": "bench", "task": "bench"}
    sections = {
        "tasks": {"bench": {"variant": "full", "params": {"epochs": options.epochs}}},
        "methods": {"method": {"regularizers": ["gradient-guidance"], "sweep": sweep}},
        "seeds": list(range(options.seeds)),
        "tables": [{**table, "baseline": "method[alpha=0.01]"} if options.baseline else table],
    }
    suite = expand_sweeps(Suite.model_validate({"name": "bench", **sections}))
    return make_plan(SuiteFile(suite, Path("bench.yaml"), {}))


def _fill(root: Path, options: argparse.Namespace) -> None:
    plan, output = _plan(options), Output(root / "out")
    for cell, fingerprint in plan.fingerprints(root).items():
        for spec in plan.final_specs(cell, fingerprint):
            write_record(output.root, _record(spec))
    Store(output.root).keys()


def _parse_all(root: Path) -> None:
    for path in root.glob("out/records/*/*.json"):
        json.loads(path.read_bytes())


def _tables(root: Path, options: argparse.Namespace, profile: bool = False) -> None:
    from provbench.suites.showing import make_tables, survey, write_tables

    def work() -> None:
        plan, output = _plan(options), Output(root / "out")
        write_tables(make_tables(plan, survey(plan, output, root, tabled=True)), root / "tables")

    if not profile:
        work()
        return
    profiler = cProfile.Profile()
    profiler.runcall(work)
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(60).sort_stats("tottime").print_stats(40)


def _record(spec: RunSpec) -> RunRecord:
    rng = random.Random(spec.key)
    entries = range(1, spec.task.params["epochs"] + 1)
    curve = [
        {"epoch": epoch, "loss_classification": rng.random(), **{name: 100 * rng.random() for name in METRICS}}
        for epoch in entries
    ]
    metrics = {name: curve[-1][name] for name in METRICS}
    return record_of(spec, curve, metrics, steps=1000, seconds=60.0, **LIKE_A_RUNS)


class BenchParams(Recipe):
    model: str = "bench"


class BenchTask(Task):
    """A task with records only."""

    Params = BenchParams
    folder = "bench"
    info = TaskInfo(
        title="Bench",
        metrics=tuple(Metric(name, name) for name in METRICS),
        selection={"val": METRICS[0]},
        licence="none",
        citation="none",
        homepage="none",
    )

    def prepare(self, progress: Progress) -> None:
        """There are no data."""

    def fingerprint(self) -> str:
        return "f" * 64

    def verify(self, progress: Progress) -> list[str]:
        return []

    def training_set(self) -> TrainingSet:
        raise UserError("bench: trains nothing")

    def train_data(self, synthetic: Path | None) -> Any:
        self.training_set()

    def eval_data(self, split: str) -> Any:
        self.training_set()

    def build_model(self) -> Any:
        self.training_set()

    def predict(self, model: Any, inputs: Any, labels: Any) -> Any:
        self.training_set()

    def score(self, split: Any, ids: Any, predictions: Any) -> Any:
        self.training_set()


if __name__ == "__main__":
    main()
