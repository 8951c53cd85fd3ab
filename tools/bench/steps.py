"""Measures where the training steps of a suite's cells spend their time.

    python -m provbench.tools.bench.steps [mini] [--only cub-wsol/baseline] [--epochs 4] [--data DIR] [--json]

Trains each chosen cell with the suite's first seed for a few epochs (under a budget of steps or samples: periods
between validations), in this process with one thread, and prints CPU time a step, of the epochs after the first one:
`forward` (augmentation, network, penalties), `backward` (with the optimizer's step), `preparing` (the batch on the
device, normalised), `loading` (reading, cropping and putting together its images), and the rest, which is the loop with
its hooks. `between` is what an epoch takes beside its steps, such as writing the checkpoint, and is no part of a step.
Then what the whole run took, the first epoch, evaluation and writing included. Data that are not there are
generated.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from provbench.registry import budget_of, no_progress, periods_of
from provbench.registry.base import hidden
from provbench.suites.executors import prepare_process
from provbench.suites.file import load_suite
from provbench.suites.planning import Cell, Place, RunSpec, make_plan, restrict
from provbench.suites.running import execute

MODEL = ("forward", "backward")
PARTS = (*MODEL, "preparing", "loading", "rest")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", nargs="?", default="mini")
    parser.add_argument("--only", action="append", default=[], help="METHOD, TASK or TASK/METHOD; may be repeated")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--data", type=Path, help="data root; default: a temporary folder")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    prepare_process(1)
    began = time.process_time()
    with hidden("transformers"):
        from provbench.benchmarks.training import loop  # noqa: F401  (its import is measured)
    imports = time.process_time() - began
    with tempfile.TemporaryDirectory() as folder:
        found = list(_measured(options, Path(folder)))
    if options.json:
        print(json.dumps({"imports": imports, "cells": found}, indent=2))
        return
    print(f"imports of the training: {imports:.2f} s of CPU time, once in a process")
    for one in found:
        print(_words(one))


def _measured(options: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    plan = restrict(make_plan(load_suite(options.suite)), options.only)
    data = options.data or folder / "data"
    for cell in plan.cells:
        cell.build_task(data).prepare(no_progress)
    for cell, fingerprint in plan.fingerprints(data).items():
        with _watched() as watch:
            began = time.process_time()
            short = _short(cell, plan.file.suite.seeds[0], fingerprint, options.epochs)
            record = execute(short, Place(data, folder / "work"))
            took = time.process_time() - began
        if record.status != "done":
            raise SystemExit(f"{cell.name} {cell.method}: {record.reason}")
        yield _result(cell, watch, took, record.steps)


def _short(cell: Cell, seed: int, fingerprint: str, epochs: int) -> RunSpec:
    """Returns the run of a cell, ended after so many of its epochs or periods."""
    params = cell.spec(seed, "final", fingerprint).task.params
    unit, size = budget_of(params)
    periods = periods_of(params)
    parts = min(epochs, periods)
    chosen = {unit: parts} if unit == "epochs" else {unit: size * parts // periods, "validations": parts}
    return cell.spec(seed, "final", fingerprint, chosen)


def _result(cell: Cell, watch: _Watch, took: float, steps: int) -> dict[str, Any]:
    counted = steps - watch.skipped
    parts = {name: 1e3 * watch.seconds[name] / counted for name in PARTS if name != "rest"}
    step = 1e3 * watch.seconds["iteration"] / counted + parts["loading"]
    return {
        "task": cell.name,
        "method": cell.method,
        "steps": counted,
        "milliseconds": {"step": step, **parts, "rest": step - sum(parts.values())},
        "milliseconds between": (1e3 * watch.seconds["epochs"] - step * counted) / (watch.epoch - 1),
        "share of the model": sum(parts[name] for name in MODEL) / step,
        "seconds of the run": took,
        "share of the steps": watch.seconds["all epochs"] / took,
    }


def _words(one: dict[str, Any]) -> str:
    parts = one["milliseconds"]
    each = ", ".join(f"{name} {parts[name]:.2f}" for name in PARTS)
    model, steps = (100 * one[f"share of the {name}"] for name in ("model", "steps"))
    return (
        f"{one['task']} {one['method']}: {parts['step']:.2f} ms a step, {model:.1f} % of it in the model ({each}); "
        f"between {one['milliseconds between']:.0f} ms an epoch; run {one['seconds of the run']:.1f} s, {steps:.0f} % "
        "steps"
    )


class _Watch:
    """CPU seconds by part, of the epochs after the first one."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.steps = self.skipped = self.epoch = 0
        self.training = False

    def count(self, name: str, seconds: float) -> None:
        if self.training and self.epoch > 1:
            self.seconds[name] += seconds

    def timed(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            began = time.process_time()
            try:
                return work(*args, **kwargs)
            finally:
                self.count(name, time.process_time() - began)

        return wrapped

    def epoch_of(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def run_epoch(loop: Any) -> None:
            self.epoch += 1
            self.training, first, began = True, loop.iter, time.process_time()
            work(loop)
            took = time.process_time() - began
            self.count("epochs", took)
            self.training = False
            self.seconds["all epochs"] += took
            self.skipped += loop.iter - first if self.epoch == 1 else 0

        return run_epoch


@contextmanager
def _watched() -> Iterator[_Watch]:
    """Times the parts of every training in the block."""
    from mmengine.optim import OptimWrapper
    from mmengine.runner import EpochBasedTrainLoop
    from torch.utils.data.dataloader import _BaseDataLoaderIter

    from provbench.benchmarks.training import Learner, PeriodLoop, Preprocessor

    watch = _Watch()
    places = [
        (Learner, "losses", "forward"),
        (OptimWrapper, "update_params", "backward"),
        (Preprocessor, "forward", "preparing"),
        (_BaseDataLoaderIter, "__next__", "loading"),
        (EpochBasedTrainLoop, "run_iter", "iteration"),
    ]
    before = [(cls, name, getattr(cls, name)) for cls, name, _ in places]
    loops = (EpochBasedTrainLoop, PeriodLoop)
    before += [(cls, "run_epoch", cls.run_epoch) for cls in loops]
    try:
        for cls, name, part in places:
            setattr(cls, name, watch.timed(part, getattr(cls, name)))
        for cls in loops:
            cls.run_epoch = watch.epoch_of(cls.run_epoch)
        yield watch
    finally:
        for cls, name, function in before:
            setattr(cls, name, function)


if __name__ == "__main__":
    main()
