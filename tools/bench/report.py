"""Measures a suite's report over many runs: the first time, again, and a merge of their store into another.

    python tools/bench/report.py SUITE --plugin tests/plugins/toy.py

Fills temporary folders with generated records for every final run of the suite, whose data must be there; a suite with
50 methods and 100 seeds has 5,000. Prints seconds, those of the processor among them (others may keep a machine busy),
and multiples of the processor time that writing the records took.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from provbench.results.report import write_site
from provbench.results.store import RunRecord, Store, merge
from provbench.suites.driving import Output
from provbench.suites.file import load_suite
from provbench.suites.planning import Plan, RunSpec, make_plan
from provbench.suites.showing import collect_report

from .made_records import record_of, write_record


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the report of a suite over generated run records.")
    parser.add_argument("suite")
    parser.add_argument("--plugin", action="append", default=[])
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--epochs", type=int, default=30, help="length of each record's training curve")
    parser.add_argument("--samples", type=int, default=100, help="of each run's predictions")
    options = parser.parse_args()
    plan = make_plan(load_suite(options.suite), tuple(options.plugin))
    with tempfile.TemporaryDirectory() as folder:
        _measure(plan, Path(folder), options)


def _measure(plan: Plan, folder: Path, options: argparse.Namespace) -> None:
    output, site, reference = Output(folder / "runs"), folder / "site", 0.0

    def measured(name: str, work: Callable[[], object]) -> float:
        began, busy = time.perf_counter(), _processor_time()
        work()
        seconds, busy = time.perf_counter() - began, _processor_time() - busy
        print(f"{name:>24}: {seconds:7.1f} s  {busy:7.1f} s busy  {busy / (reference or busy):6.2f} x", flush=True)
        return busy

    def report() -> None:
        write_site(collect_report(plan, output, options.data), site, parallel=True)

    specs = list(_finals(plan, options.data))
    print(f"{len(specs)} runs, {options.epochs} epochs, {options.samples} samples")
    reference = measured("write the records", lambda: _fill(output, specs, options.epochs, options.samples))
    measured("report, the first time", report)
    measured("report, again", report)
    measured("merge", lambda: merge(output.root, Store(folder / "other")))
    measured("merge, again", lambda: merge(output.root, Store(folder / "other")))


def _processor_time() -> float:
    """Returns seconds, those of ended child processes among them."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def _finals(plan: Plan, data: Path) -> Iterator[RunSpec]:
    fingerprints = plan.fingerprints(data)
    for cell in plan.cells:
        for seed in plan.file.suite.seeds:
            yield cell.spec(seed, "final", fingerprints[cell])


def _fill(output: Output, specs: list[RunSpec], epochs: int, samples: int) -> None:
    for spec in specs:
        rng = np.random.default_rng(spec.seed)
        predictions = output.root / "predictions" / spec.key[:2] / f"{spec.key}.test.npz"
        predictions.parent.mkdir(parents=True, exist_ok=True)
        columns = {
            "id": np.array([f"{place:05}.png" for place in range(samples)]),
            "correct": rng.random(samples) < 0.7,
            "score": rng.random(samples),
        }
        np.savez_compressed(predictions, **columns)  # pyright: ignore[reportArgumentType]
        write_record(output.root, _record(spec, epochs))


def _record(spec: RunSpec, epochs: int) -> RunRecord:
    rng = random.Random(spec.key)
    metrics = {spec.selection_metric: 100 * rng.random()}
    curve = [{"epoch": epoch + 1, "loss": rng.random(), **metrics} for epoch in range(epochs)]
    return record_of(spec, curve, metrics, seconds=60.0)


if __name__ == "__main__":
    main()
