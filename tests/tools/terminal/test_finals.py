"""Which runs a command gets, and which of their weights."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from provbench.registry import MissingDataError, UserError, load_plugins
from provbench.registry.base.tensor_file import write_tensors
from provbench.results.store.merging import merge
from provbench.suites.driving.driver import Driver
from provbench.suites.driving.output import Output, weights_file
from provbench.suites.executors.inline import Inline
from provbench.suites.file.schema import load_suite
from provbench.suites.planning.plan import make_plan
from provbench.suites.planning.spec import Place
from provbench.suites.running.execution import build_task
from provbench.tools.terminal.finals import FinalRun, final_runs

PLUGIN = str(Path(__file__).parents[2] / "plugins" / "toy.py")
SUITE = """\
name: toys
seeds: [3, 5]
tasks:
  toy: {{variant: mini, params: {{epochs: 3, train_size: 32, checkpoint: {checkpoint}{more}}}}}
methods:
  baseline: {{}}
  cutmix: {{label: CutMix, augmentation: cutmix}}
"""


class Suite:
    """A suite of instant runs in a folder."""

    def __init__(self, folder: Path, checkpoint: str, more: str = "") -> None:
        load_plugins((PLUGIN,))
        self.file, self.output, self.data = folder / "suite.yaml", Output(folder / "out"), folder / "data"
        self.file.write_text(SUITE.format(checkpoint=checkpoint, more=more))

    def train(self, **place: Any) -> None:
        plan = make_plan(load_suite(str(self.file)), (PLUGIN,))
        Driver(plan, self.output, Inline(), Place(self.data, self.output.work, **place)).run()

    def runs(self, **options: Any) -> list[FinalRun]:
        settings: dict[str, Any] = {"task": "toy", "methods": None, "seed": None, "out": self.output.root, **options}
        return final_runs(str(self.file), plugins=(PLUGIN,), data=self.data, **settings)


class Reaching:
    """Its pickle makes a file when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self.mark,)


@pytest.fixture
def suite(tmp_path: Path) -> Callable[..., Suite]:
    def make(checkpoint: str = "last", more: str = "") -> Suite:
        return Suite(tmp_path, checkpoint, more)

    return make


@pytest.mark.parametrize("checkpoint", ["last", "best"])
def test_the_weights_are_those_that_were_scored(suite: Callable[..., Suite], checkpoint: str) -> None:
    toys = suite(checkpoint)
    toys.train(keep="all")
    baseline, cutmix = toys.runs()

    assert [(run.spec.seed, run.label) for run in (baseline, cutmix)] == [(3, "baseline"), (3, "CutMix")]
    for run in (baseline, cutmix):
        record = toys.output.store.get(run.spec.key)
        assert record is not None
        assert run.weights == weights_file(toys.output.weights(run.spec.key), record.epoch)
        task = build_task(run.spec, Place(toys.data, toys.output.work))
        net, data = run.model(task), task.eval_data("test")
        inputs = torch.stack([data[place]["image"] for place in range(40)])
        labels = torch.tensor([data[place]["label"] for place in range(40)])
        assert not net.training
        with torch.no_grad():
            rows = task.predict(net, inputs, labels)
        assert task.score("test", [""] * 40, rows).metrics == pytest.approx(record.test)


@pytest.mark.parametrize("checkpoint", ["last", "best"])
def test_weights_that_were_not_kept_are_asked_for(suite: Callable[..., Suite], checkpoint: str) -> None:
    toys = suite(checkpoint)
    remedy = f"with --keep {checkpoint}"
    with pytest.raises(MissingDataError, match=f"baseline on toy, seed 3: not finished in .*{remedy}"):
        toys.runs()
    toys.train()
    run = rf"of epoch \d of cutmix on toy, seed 5, the {checkpoint} one"
    message = rf"epoch_\d\.safetensors: no such weights, {run}; .*{remedy}"
    with pytest.raises(MissingDataError, match=message):
        toys.runs(methods=["cutmix"], seed=5)
    toys.train(keep=checkpoint)  # what the message says
    assert all(run.weights.is_file() for run in toys.runs(seed=5))


def test_torn_weights_and_those_of_another_model_are_told(suite: Callable[..., Suite]) -> None:
    toys = suite()
    toys.train(keep="last")
    (run,) = toys.runs(methods=["baseline"])
    task = build_task(run.spec, Place(toys.data, toys.output.work))
    write_tensors({"another.weight": torch.ones(2)}, run.weights)
    with pytest.raises(UserError, match=r"not the weights of this model .*remove the file.*--keep last"):
        run.model(task)
    run.weights.write_bytes(run.weights.read_bytes()[:-1])
    with pytest.raises(
        MissingDataError, match=r"epoch_3\.safetensors: torn or damaged; run the suite with --keep last"
    ):
        toys.runs(methods=["baseline"])
    toys.train(keep="last")  # what the message says
    assert toys.runs(methods=["baseline"])[0].model(task)


def test_weights_of_a_merged_store_run_no_program(suite: Callable[..., Suite], tmp_path: Path) -> None:
    toys = suite()
    toys.train(keep="last")
    foreign, mark = tmp_path / "foreign", tmp_path / "mark"
    toys.output.root.rename(foreign)
    (run,) = toys.runs(methods=["baseline"], out=foreign)
    torch.save({"a": Reaching(mark)}, run.weights.with_suffix(".pth"))
    for content in (run.weights.with_suffix(".pth").read_bytes(), None):
        run.weights.write_bytes(content) if content else run.weights.unlink()
        shutil.rmtree(toys.output.root, ignore_errors=True)
        merge(foreign, toys.output.store)
        assert len(list(toys.output.weights(run.spec.key).iterdir())) == 1 + bool(content)
        with pytest.raises(MissingDataError, match=r"torn or damaged|in a form that can hold a program"):
            toys.runs(methods=["baseline"])
    assert not mark.exists()


def test_a_run_that_failed_has_none(suite: Callable[..., Suite]) -> None:
    toys = suite(more=", fail: no luck")
    toys.train()
    with pytest.raises(UserError, match=r"baseline on toy, seed 3: the run failed, and has no weights .*no luck"):
        toys.runs()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"methods": ["cutmx"]}, "--method: no method 'cutmx' on toy.*did you mean 'cutmix'"),
        ({"task": "toi"}, "--task: the suite has no task 'toi'.*did you mean 'toy'"),
        ({"seed": 4}, "--seed: toy has no final run of seed 4"),
    ],
)
def test_what_the_suite_does_not_have(suite: Callable[..., Suite], options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        suite().runs(**options)


def test_a_search_must_be_finished(suite: Callable[..., Suite]) -> None:
    toys = suite()
    toys.file.write_text(toys.file.read_text() + "search: {trials: 2, startup: 1, space: {lr: null}}\n")
    with pytest.raises(UserError, match="baseline on toy: its search is not finished"):
        toys.runs()
