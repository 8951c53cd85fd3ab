"""Runs that several processes train together: the same science as one process, and the same honesty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from provbench.registry import UserError, load_plugins
from provbench.registry.base.tensor_file import read_tensors
from provbench.results.store.record import RunRecord
from provbench.suites.file.schema import load_suite
from provbench.suites.planning.plan import make_plan
from provbench.suites.planning.spec import Place, RunSpec
from provbench.suites.running.execution import execute

TESTS = Path(__file__).parents[2]
PLUGINS = tuple(str(TESTS / name) for name in ("plugins/toy.py", "benchmarks/training/steady.py"))
SUITE = """\
name: together
seeds: [0]
tasks:
  steady: {{variant: mini, params: {{epochs: 3, train_size: 64, lr: 0.1}}}}
methods:
  method: {method}
"""
GUIDED = "{regularizers: [{name: gradient-guidance, alpha: 1.0}]}"
MIXED = "{augmentation: {name: cutmix, prob: 0.5}, regularizers: [{name: gradient-guidance, alpha: 0.03}]}"

pytestmark = pytest.mark.slow


@pytest.fixture
def spec(tmp_path: Path) -> Callable[..., RunSpec]:
    """A run of a method, by so many processes."""

    def build(processes: int, method: str = "{}", phase: str = "final", **params: Any) -> RunSpec:
        file = tmp_path / "suite.yaml"
        file.write_text(SUITE.format(method=method))
        load_plugins(PLUGINS)
        (cell,) = make_plan(load_suite(str(file)), PLUGINS).cells
        size = params.get("train_size", 64)
        return cell.spec(0, phase, f"toy-{size}", params).model_copy(update={"processes": processes})  # pyright: ignore[reportArgumentType]

    return build


@pytest.fixture
def place(tmp_path: Path) -> Callable[[str], Place]:
    return lambda name: Place(data_root=tmp_path, work_root=tmp_path / name, keep="last", pictures=1)


def weights(spec: RunSpec, place: Place, epoch: int = 3) -> dict[str, torch.Tensor]:
    return read_tensors(place.work_root / spec.key / "weights" / f"epoch_{epoch}.safetensors")


def assert_close(one: RunRecord, other: RunRecord) -> None:
    assert (one.status, one.epoch, one.steps) == (other.status, other.epoch, other.steps), one.reason + other.reason
    for entry, twin in zip([*one.curve, one.val, one.test], [*other.curve, other.val, other.test], strict=True):
        assert entry == pytest.approx(twin, rel=1e-4, abs=1e-6)
    for name, column in one.predictions["test"].items():
        twin = other.predictions["test"][name]
        assert np.allclose(column, twin, rtol=1e-4) if column.dtype.kind == "f" else (column == twin).all()


@pytest.mark.parametrize(
    ("method", "params"),
    [
        (GUIDED, {"gradient_probe": 16}),
        ("{}", {"weighted": True, "accumulate": 2, "clip_grad_norm": 0.5, "unused": True, "checkpoint": "best"}),
    ],
)
def test_two_processes_train_what_one_does(
    spec: Callable[..., RunSpec], place: Callable[[str], Place], method: str, params: dict[str, Any]
) -> None:
    alone, together = spec(1, method, **params), spec(2, method, **params)
    assert alone.key != together.key
    one, two = execute(alone, place("one")), execute(together, place("two"))
    assert_close(one, two)
    assert two.predictions["test"]["id"].tolist() == [f"test/{number}" for number in range(37)], "each counts once"
    mine, theirs = weights(alone, place("one")), weights(together, place("two"))
    assert mine.keys() == theirs.keys()
    for name, value in mine.items():
        torch.testing.assert_close(value, theirs[name], rtol=1e-4, atol=1e-6)
    assert (place("two").work_root / together.key / "pictures" / "half_0.png").is_file()
    assert two.peak_memory_mb > 0


def test_repeated_and_interrupted_runs_are_identical(
    spec: Callable[..., RunSpec], place: Callable[[str], Place]
) -> None:
    """With mixing, of which each rank draws its own, and normalisation by each rank's statistics."""
    run = spec(2, MIXED, normalized=True, train_size=61, checkpoint="best")
    first, again = execute(run, place("a")), execute(run, place("b"))
    assert first.status == "done", first.reason
    assert first.outcome == again.outcome

    def interrupt(epoch: int, epochs: int, value: float | None) -> bool:
        if epoch == 2:
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        execute(run, place("c"), interrupt)
    epochs: list[int] = []
    resumed = execute(run, place("c"), lambda epoch, *_: bool(epochs.append(epoch)))
    assert epochs == [2, 3]
    assert resumed.outcome == first.outcome
    for name in ("b", "c"):
        for one, other in zip(weights(run, place("a")).values(), weights(run, place(name)).values(), strict=True):
            assert torch.equal(one, other)


def test_pruning_stops_all(spec: Callable[..., RunSpec], place: Callable[[str], Place]) -> None:
    record = execute(spec(2, phase="search"), place("a"), lambda epoch, *_: epoch == 2)
    assert (record.status, len(record.curve), record.test) == ("pruned", 2, {})


def test_one_rank_that_fails_is_the_methods_failure(
    spec: Callable[..., RunSpec], place: Callable[[str], Place]
) -> None:
    record = execute(spec(2, "{augmentation: {name: trouble, kind: raise}}"), place("a"))
    assert record.status == "failed"
    assert record.reason.startswith("ZeroDivisionError: this rank divides by zero (in __call__, steady.py:")
    assert record.reason.endswith("(rank 1 of 2)")
    assert record.seconds > 0


def test_a_loss_that_one_rank_finds_infinite_is_told_by_all(
    spec: Callable[..., RunSpec], place: Callable[[str], Place]
) -> None:
    record = execute(spec(2, "{augmentation: {name: trouble, kind: nan}}"), place("a"))
    assert "loss and loss_classification became NaN or infinite in epoch 1, at or before step 5" in record.reason


def test_one_rank_that_is_killed_is_not(spec: Callable[..., RunSpec], place: Callable[[str], Place]) -> None:
    with pytest.raises(ChildProcessError, match="rank 1 of 2 was killed by SIGKILL"):
        execute(spec(2, "{augmentation: {name: trouble, kind: kill}}"), place("a"))


def test_a_batch_must_be_dealt_out_evenly(spec: Callable[..., RunSpec], place: Callable[[str], Place]) -> None:
    with pytest.raises(UserError, match="batch_size: 15 samples cannot be dealt out evenly to 2 processes; use 14 or"):
        execute(spec(2, batch_size=15), replace(place("a"), keep="none"))


def test_two_processes_calibrate_one_weight(spec: Callable[..., RunSpec], place: Callable[[str], Place]) -> None:
    mixed = MIXED.replace("0.03", "{share: 0.2, steps: 5}")
    found = [execute(spec(processes, mixed, lr=1e-4), place(str(processes))).calibrated for processes in (1, 2)]
    assert found[0].keys() == found[1].keys() == {"gradient-guidance.alpha"}
    assert found[1]["gradient-guidance.alpha"] == pytest.approx(found[0]["gradient-guidance.alpha"], rel=0.7)
