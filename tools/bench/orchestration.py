"""Measures the overhead of orchestration with runs that cost nothing: a search of instant trials, and a large finished
suite.

    python -m provbench.tools.bench.orchestration search [--trials 2000] [--sampler tpe] [--epochs 0]
    python -m provbench.tools.bench.orchestration resume [--methods 100] [--seeds 100]

`search` drives a whole search, journal and store with their fsync, and prints trials a second, where the time went, and
the ratio to Optuna alone: `study.optimize` on a journal, with the same sampler, space and number of trials. `resume`
plans, surveys and starts a suite whose runs are all finished, and prints the ratio to parsing every record's file.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import optuna
import yaml

from provbench.results.store import RunRecord, Store
from provbench.suites.driving import Driver, Output, RecordCache, search_base, search_settings
from provbench.suites.executors import Ending, Executor, Job, OnValidation
from provbench.suites.file import Suite, SuiteFile, expand_sweeps
from provbench.suites.planning import Place, Plan, RunSpec, make_plan
from provbench.suites.search import CellSearch, Fixed, journal, open_storage
from provbench.suites.showing import survey

from .made_records import LIKE_A_RUNS, record_of, write_record

TOY = Path(__file__).resolve().parents[2] / "tests" / "plugins" / "toy.py"
METHOD = {"augmentation": {"name": "cutmix"}, "regularizers": ["gradient-guidance"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    search = commands.add_parser("search")
    search.add_argument("--trials", type=int, default=2000)
    search.add_argument("--sampler", default="tpe", help="as a suite has it: tpe, '{name: tpe, multivariate: true}' …")
    search.add_argument("--epochs", type=int, default=0, help="reports of each trial to a median pruner; 0: no pruner")
    search.add_argument("--alone", action=argparse.BooleanOptionalAction, default=True, help="time Optuna alone, too")
    search.set_defaults(measure=measure_search)
    resume = commands.add_parser("resume")
    resume.add_argument("--methods", type=int, default=100)
    resume.add_argument("--seeds", type=int, default=100)
    resume.set_defaults(measure=measure_resume)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        options.measure(options, Path(folder))


def measure_search(options: argparse.Namespace, folder: Path) -> None:
    few = argparse.Namespace(**{**vars(options), "trials": 20})
    _driver(few, folder / "warm").run()  # imports are not what is measured
    _optuna_alone(few, folder / "warm")()
    watch = Stopwatch()
    watch.time(CellSearch, "ask", "asking")
    watch.time(CellSearch, "report", "reporting")
    watch.time(CellSearch, "tell", "telling")
    watch.time(journal, "sync", "syncing")
    watch.time(RecordCache, "put", "storing")
    took = _time(_driver(options, folder / "out").run)
    print(f"{options.trials} trials of {options.sampler}: {took}, {options.trials / took.wall:.1f} trials/s")
    for name, seconds in watch.seconds.items():
        print(f"  {name:>10}: {seconds:7.2f} s   {100 * seconds / took.wall:5.1f} %")
    if options.alone:
        alone = _time(_optuna_alone(options, folder))
        print(f"Optuna alone: {alone}, {options.trials / alone.wall:.1f} trials/s")
        print(f"provbench: {took.wall / alone.wall:.2f} x the time, {took.cpu / alone.cpu:.2f} x the CPU time")


def measure_resume(options: argparse.Namespace, folder: Path) -> None:
    output, data = Output(folder / "out"), folder / "data"
    suite = _resume_suite(options)
    plan = make_plan(suite, (str(TOY),))
    fingerprints = plan.fingerprints(data)
    for cell in plan.cells:
        for spec in plan.final_specs(cell, fingerprints[cell]):
            write_record(output.root, _record(spec))
    Store(output.root).keys()  # what the driver that made them would have left: an index
    measured = {
        "parse every file": _time(lambda: _parse_all(output.root)),
        "plan": _time(lambda: make_plan(_resume_suite(options), (str(TOY),))),
        "survey": _time(lambda: survey(plan, output, data)),
        "run": _time(Driver(plan, output, Instant(), Place(data, output.work)).run),
    }
    reference = measured["parse every file"]
    print(f"{options.methods} methods x {options.seeds} seeds, all finished")
    for name, took in measured.items():
        print(f"  {name:>16}: {took}   {took.wall / reference.wall:5.2f} x")


class Instant(Executor):
    """Has a plausible record at once."""

    def __init__(self) -> None:
        super().__init__()
        self._queue: list[Job] = []

    def submit(self, job: Job) -> None:
        self._queue.append(job)

    def wait(self, on_validation: OnValidation) -> Ending:
        job = self._queue.pop(0)
        record = _record(job.spec)
        for entry in record.curve:
            if on_validation(job, int(entry["epoch"]), len(record.curve), entry[job.spec.selection_metric]):
                return Ending(job, record.model_copy(update={"status": "pruned"}))
        return Ending(job, record)


class Stopwatch:
    """Adds up the time that methods take."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def time(self, owner: Any, method: str, name: str) -> None:
        """Count the time of a function of a class or module under a name, from now on."""
        original = getattr(owner, method)

        def timed(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            try:
                return original(*args, **kwargs)
            finally:
                self.seconds[name] += time.perf_counter() - began

        setattr(owner, method, timed)


def _search_plan(options: argparse.Namespace) -> Plan:
    pruner = "median" if options.epochs else "none"
    search = {"trials": options.trials, "sampler": yaml.safe_load(options.sampler), "pruner": pruner, "startup": 10}
    task = {"toy": {"variant": "mini", "params": {"epochs": max(1, options.epochs)}}}
    return make_plan(_suite(tasks=task, methods={"method": METHOD}, search=search), (str(TOY),))


def _resume_suite(options: argparse.Namespace) -> SuiteFile:
    sweep = {"gradient-guidance.alpha": [0.01 * (number + 1) for number in range(options.methods)]}
    tasks = {"toy": {"variant": "mini"}}
    return _suite(tasks=tasks, methods={"method": {**METHOD, "sweep": sweep}}, seeds=list(range(options.seeds)))


def _suite(**sections: Any) -> SuiteFile:
    return SuiteFile(expand_sweeps(Suite.model_validate({"name": "bench", **sections})), Path("bench.yaml"), {})


def _driver(options: argparse.Namespace, folder: Path) -> Driver:
    output = Output(folder)
    return Driver(_search_plan(options), output, Instant(), Place(folder / "data", output.work), finals=False)


def _optuna_alone(options: argparse.Namespace, folder: Path) -> Callable[[], None]:
    plan = _search_plan(options)
    (cell,) = plan.cells
    settings = search_settings(plan, cell, search_base(plan, cell, ""))
    own = settings.sampler.sampler(0, 0, settings.startup, settings.space)
    study = optuna.create_study(
        storage=open_storage(str(folder / "alone.journal")),
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(seed=0) if isinstance(own, Fixed) else own,
        pruner=settings.pruner.pruner(max(1, options.epochs)),
    )

    def objective(trial: optuna.Trial) -> float:
        values = [trial._suggest(name, axis) for name, axis in settings.space.items()]
        curve = _curve(hash(tuple(values)), max(1, options.epochs))
        for entry in curve[: options.epochs]:
            trial.report(entry["accuracy"], int(entry["epoch"]))
            if trial.should_prune():
                raise optuna.TrialPruned
        return curve[-1]["accuracy"]

    return lambda: study.optimize(objective, n_trials=options.trials)


def _record(spec: RunSpec) -> RunRecord:
    curve = _curve(int(spec.key[:8], 16), int(spec.task.params["epochs"]))
    metrics = {name: curve[-1][name] for name in ("accuracy", "confidence")}
    return record_of(spec, curve, metrics, **LIKE_A_RUNS)


def _curve(seed: int, epochs: int) -> list[dict[str, float]]:
    rng = random.Random(seed)
    return [
        {"epoch": epoch, "loss": rng.random(), "accuracy": 100 * rng.random(), "confidence": 100 * rng.random()}
        for epoch in range(1, epochs + 1)
    ]


def _parse_all(root: Path) -> list[object]:
    return [json.loads(path.read_bytes()) for path in root.glob("records/*/*.json")]


class Took(NamedTuple):
    """Seconds. A machine that does other things besides spoils the first."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} s ({self.cpu:.2f} s of CPU)"


def _time(work: Callable[[], object]) -> Took:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - wall, time.process_time() - cpu)


if __name__ == "__main__":
    main()
