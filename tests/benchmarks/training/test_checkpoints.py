"""Which weights a run leaves: those that were asked for, the right ones, also after an interrupt anywhere."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from provbench.benchmarks.training import checkpoints as module
from provbench.benchmarks.training.loop import Outcome
from provbench.registry.base.tensor_file import read_tensors

from .conftest import Train

SHAKY = {"lr": 1.0, "epochs": 5, "train_size": 16, "seed": 3, "task": "toy"}
"""A recipe whose best epoch is neither the first nor the last, and not the only one that was the best so far."""


def kept(work: Path) -> dict[int, dict[str, torch.Tensor]]:
    """The weights that a run left, by epoch."""
    return {int(file.stem.split("_")[1]): read_tensors(file) for file in work.glob("weights/*")}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture
def every(run: Train, tmp_path: Path) -> dict[int, dict[str, torch.Tensor]]:
    """The weights after each epoch."""
    run(**SHAKY, work="every", keep="all")
    return kept(tmp_path / "every")


def result(outcome: Outcome) -> dict[str, Any]:
    return {name: value for name, value in vars(outcome).items() if name != "predictions"}


def best_of(outcome: Outcome) -> int:
    values = [entry["accuracy"] for entry in outcome.curve]
    return values.index(max(values)) + 1


@pytest.mark.parametrize("scored", ["last", "best"])
def test_a_run_leaves_what_was_asked_for(
    run: Train, tmp_path: Path, every: dict[int, dict[str, torch.Tensor]], scored: str
) -> None:
    outcomes = {keep: run(**SHAKY, work=keep, keep=keep, checkpoint=scored) for keep in ("none", "best", "last", "all")}
    best = best_of(outcomes["none"])
    assert 1 < best < 5, "or the test says little"
    wanted = {"none": set(), "best": {best}, "last": {5}, "all": {1, 2, 3, 4, 5}}
    for keep, outcome in outcomes.items():
        found = kept(tmp_path / keep)
        assert set(found) == wanted[keep], keep
        assert all(same(found[epoch], every[epoch]) for epoch in found), keep
        assert result(outcome) == result(outcomes["none"]), "what is kept changes nothing"
    assert outcomes["none"].epoch == (best if scored == "best" else 5)


def test_every_validated_epoch_is_kept_and_no_other(run: Train, tmp_path: Path) -> None:
    seen = []
    outcome = run(epochs=5, val_every=2, keep="all", report=lambda epoch, *_: bool(seen.append(epoch)))
    assert set(kept(tmp_path / "work")) == {2, 4, 5}
    assert [entry["epoch"] for entry in outcome.curve if "accuracy" in entry] == seen == [2, 4, 5]


def test_the_losses_of_every_epoch_are_the_same_however_often_it_is_validated(run: Train) -> None:
    each, some = run(epochs=4, work="each"), run(epochs=4, val_every=4, work="some")
    losses = [[(entry["epoch"], entry["loss"]) for entry in outcome.curve] for outcome in (each, some)]
    assert len(losses[0]) == 4
    assert losses[0] == losses[1]
    assert (each.val, each.test) == (some.val, some.test)


def test_of_equals_the_first_is_the_best(run: Train, tmp_path: Path) -> None:
    outcome = run(epochs=4, lr=0.1, keep="best", checkpoint="best")
    assert [entry["accuracy"] for entry in outcome.curve].count(100) > 1
    assert outcome.epoch == best_of(outcome)
    assert set(kept(tmp_path / "work")) == {outcome.epoch}


def test_a_pruned_run_leaves_the_last_epoch_that_it_came_to(
    run: Train, tmp_path: Path, every: dict[int, dict[str, torch.Tensor]]
) -> None:
    run(**SHAKY, keep="last", report=lambda epoch, *_: epoch == 3)
    found = kept(tmp_path / "work")
    assert set(found) == {3}
    assert same(found[3], every[3])


class Killed(BaseException):
    pass


class Death:
    """A process that dies right before its file operation number `at`, and does nothing any more."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int) -> None:
        self.at, self.done = at, 0
        for name in ("replace", "unlink", "hardlink_to"):
            patch.setattr(Path, name, self._mortal(getattr(Path, name)))

    def _mortal(self, operation: Any) -> Any:
        def operate(*arguments: Any, **options: Any) -> Any:
            self.done += 1
            if self.done >= self.at:
                raise Killed
            return operation(*arguments, **options)

        return operate


@pytest.mark.parametrize(
    ("keep", "scored"),
    [
        ("best", "best"),
        *(pytest.param(keep, "best", marks=pytest.mark.slow) for keep in ("none", "last", "all")),
        *(pytest.param(keep, "last", marks=pytest.mark.slow) for keep in ("none", "best", "last", "all")),
    ],
)
def test_a_run_that_was_killed_leaves_the_same(
    run: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: str, scored: str
) -> None:
    options = {**SHAKY, "epochs": 3, "keep": keep, "checkpoint": scored, "test": False}
    with monkeypatch.context() as patch:
        operations = Death(patch, at=1000)
        whole = run(**options, work="whole")
    assert operations.done >= 4  # two checkpoints are put in their places, and their temporary files looked for
    for moment in range(1, operations.done + 1):
        with monkeypatch.context() as patch:
            Death(patch, moment)
            with pytest.raises(Killed):
                run(**options)
        assert result(run(**options)) == result(whole), moment
        one, other = kept(tmp_path / "work"), kept(tmp_path / "whole")
        assert one.keys() == other.keys(), moment
        assert all(same(one[epoch], other[epoch]) for epoch in one), moment
        shutil.rmtree(tmp_path / "work")


def test_and_so_does_one_whose_end_nobody_noted(run: Train, tmp_path: Path) -> None:
    options = {**SHAKY, "keep": "none", "checkpoint": "best"}
    first = run(**options)
    epochs: list[int] = []
    again = run(**options, report=lambda epoch, *_: bool(epochs.append(epoch)))
    assert result(again) == result(first)
    assert epochs == [5], "it resumes before the last epoch"


def test_what_another_attempt_left_is_not_taken_for_its_own(
    run: Train, tmp_path: Path, every: dict[int, dict[str, torch.Tensor]]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(**SHAKY, keep="all", report=interrupt_at(4))
    (tmp_path / "work" / "resume.safetensors").write_bytes(b"torn")
    for file in (tmp_path / "work" / "epochs").iterdir():
        file.write_bytes(b"older")
    run(**SHAKY, keep="all")
    found = kept(tmp_path / "work")
    assert all(same(found[epoch], every[epoch]) for epoch in (1, 2, 3, 4, 5))


def interrupt_at(last: int) -> Any:
    def report(epoch: int, epochs: int, value: float | None) -> bool:
        if epoch == last:
            raise KeyboardInterrupt
        return False

    return report


def test_weights_that_may_be_needed_outlive_what_replaces_them(run: Train, tmp_path: Path) -> None:
    """Until a checkpoint knows of the better epoch, the run may go on from one that needs the worse."""
    values = [entry["accuracy"] for entry in run(**SHAKY, work="whole", checkpoint="best").curve]
    best = values.index(max(values)) + 1
    before = values.index(max(values[: best - 1])) + 1
    with pytest.raises(KeyboardInterrupt):
        run(**SHAKY, checkpoint="best", report=interrupt_at(best))
    found = {file.name for file in (tmp_path / "work" / "epochs").iterdir()}
    assert found == {f"epoch_{best}.safetensors", f"epoch_{before}.safetensors"}


def test_a_kept_file_is_no_second_copy(run: Train, tmp_path: Path) -> None:
    run(**SHAKY, keep="best", checkpoint="best")
    (file,) = (tmp_path / "work" / "weights").iterdir()
    assert file.samefile(tmp_path / "work" / "epochs" / file.name)
    shutil.move(file, tmp_path / "elsewhere.pth")
    assert read_tensors(tmp_path / "elsewhere.pth")


def test_a_file_system_without_links_has_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    source = tmp_path / "a"
    source.write_bytes(b"weights")
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    module.link_or_copy(source, tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"weights"
    assert not (tmp_path / "b").samefile(source)
