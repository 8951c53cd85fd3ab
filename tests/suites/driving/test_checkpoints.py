"""Which weights a finished run leaves, and that those which are asked for later are made later."""

from __future__ import annotations

import errno
from collections.abc import Callable
from math import nan
from pathlib import Path
from typing import Any

import pytest

from provbench.registry import Keep
from provbench.registry.base.tensor_file import read_tensors
from provbench.results import RunRecord
from provbench.suites.driving.driver import Driver, Tally
from provbench.suites.driving.output import Output, is_whole, move_files, wanted_epochs, weights_file
from provbench.suites.executors.inline import Inline
from provbench.suites.planning.plan import Plan
from provbench.suites.planning.spec import Place

from ..conftest import SEARCH, TOY


def record(*values: float, **changes: Any) -> RunRecord:
    """A run whose validations found these values, in epochs 2, 4, 6 …"""
    fields = {"key": "k0", "suite": "s", "task": "t", "variant": "mini", "method": "m", "phase": "final", "seed": 0}
    curve = [{"epoch": 2 * number, "accuracy": value} for number, value in enumerate(values, start=1)]
    return RunRecord(**{**fields, "parameters": {}, "status": "done", "curve": curve, **changes})


class TestWantedEpochs:
    @pytest.mark.parametrize(("keep", "wanted"), [("none", set()), ("last", {6}), ("best", {4}), ("all", {2, 4, 6})])
    def test_of_each_policy(self, keep: Keep, wanted: set[int]) -> None:
        assert wanted_epochs(record(10, 30, 20), "accuracy", keep) == wanted

    def test_the_earliest_of_equals_is_best(self) -> None:
        assert wanted_epochs(record(30, 30, 20), "accuracy", "best") == {2}

    def test_epochs_that_were_not_validated_have_no_weights(self) -> None:
        curve = [{"epoch": 1, "loss": 9.0}, {"epoch": 2, "loss": 8.0, "accuracy": 50.0}, {"epoch": 3, "loss": 7.0}]
        found = record(val={"accuracy": 50.0}, curve=curve)
        assert all(wanted_epochs(found, "accuracy", keep) == {2} for keep in ("last", "best", "all"))

    def test_what_is_no_number_is_not_best(self) -> None:
        assert wanted_epochs(record(nan, 10, nan), "accuracy", "best") == {4}

    def test_without_a_number_the_last_is_best(self) -> None:
        assert wanted_epochs(record(nan, nan), "accuracy", "best") == {4}
        assert wanted_epochs(record(10, 20), "another metric", "best") == {4}

    @pytest.mark.parametrize(
        "changes", [{"phase": "search"}, {"status": "failed"}, {"status": "pruned"}, {"curve": []}]
    )
    def test_other_runs_leave_none(self, changes: dict[str, Any]) -> None:
        assert wanted_epochs(record(10, 20, **changes), "accuracy", "all") == set()


class TestMovingFiles:
    def test_into_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        source, target = tmp_path / "source", tmp_path / "a" / "b"
        source.mkdir()
        (source / "one").write_text("1")
        move_files(source, target)
        move_files(tmp_path / "nowhere", target)
        assert [file.read_text() for file in target.iterdir()] == ["1"]
        assert list(source.iterdir()) == []

    def test_from_another_file_system(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        source, target, replace = tmp_path / "source", tmp_path / "target", Path.replace

        def replace_on_one(self: Path, other: Path) -> Path:
            if self.parent != other.parent:
                raise OSError(errno.EXDEV, "Invalid cross-device link")
            return replace(self, other)

        monkeypatch.setattr(Path, "replace", replace_on_one)
        source.mkdir()
        (source / "one").write_bytes(bytes(100_000))
        move_files(source, target)
        assert [(file.name, file.stat().st_size) for file in target.iterdir()] == [("one", 100_000)]
        assert list(source.iterdir()) == []


@pytest.fixture
def keeping(output: Output, tmp_path: Path) -> Callable[..., Tally]:
    """Run a plan in this process, keeping weights."""

    def run(plan: Plan, keep: Keep, **options: Any) -> Tally:
        return Driver(plan, output, Inline(), Place(tmp_path / "data", output.work, keep=keep), **options).run()

    return run


def epochs_kept(output: Output) -> dict[str, list[str]]:
    return {folder.name: sorted(file.name for file in folder.iterdir()) for folder in output.checkpoints.iterdir()}


def files(output: Output) -> dict[str, bytes]:
    """The content of each record's file, by its key."""
    return {record.key: output.store.record_path(record.key).read_bytes() for record in output.store.records()}


def test_weights_are_kept_on_request(make: Callable[..., Plan], keeping: Callable[..., Tally], output: Output) -> None:
    keeping(make(), "last")
    assert epochs_kept(output) == {key: ["epoch_2.safetensors"] for key in files(output)}
    for key in files(output):
        weights = read_tensors(weights_file(output.weights(key), 2))
        assert weights["layers.0.weight"].shape == (8, 3, 3, 3)
    assert list(output.work.iterdir()) == []


def test_trials_and_failures_leave_none(
    make: Callable[..., Plan], keeping: Callable[..., Tally], output: Output
) -> None:
    keeping(make(TOY + "  refusing: {augmentation: refuse}\n" + SEARCH), "all")
    finals = {run.key for run in output.store.records() if run.phase == "final" and run.status == "done"}
    assert epochs_kept(output) == {key: ["epoch_1.safetensors", "epoch_2.safetensors"] for key in finals}


def test_a_finished_run_without_the_wanted_weights_is_trained_again_for_them_and_its_record_stays(
    make: Callable[..., Plan], keeping: Callable[..., Tally], output: Output
) -> None:
    plan = make()
    assert keeping(plan, "none").trained == 4
    before = files(output)
    kept = {key: ["epoch_2.safetensors"] for key in before}
    assert keeping(plan, "last").trained == 4
    assert files(output) == before
    assert epochs_kept(output) == kept
    weights_file(output.weights(min(before)), 2).unlink()
    assert (keeping(plan, "last").trained, keeping(plan, "none").trained) == (1, 0)
    assert epochs_kept(output) == kept


@pytest.mark.parametrize("damage", [lambda good: b"", lambda good: good[:-1], lambda good: b"<html>" * 20])
def test_torn_weights_do_not_count_as_kept(
    make: Callable[..., Plan], keeping: Callable[..., Tally], output: Output, damage: Callable[[bytes], bytes]
) -> None:
    plan = make(TOY.partition("  cutmix")[0].replace("seeds: [0, 1]", "seeds: [0]"))
    keeping(plan, "last")
    (key,) = files(output)
    file = weights_file(output.weights(key), 2)
    good = file.read_bytes()
    assert is_whole(file)
    file.write_bytes(damage(good))
    assert not is_whole(file)
    assert (keeping(plan, "none").trained, keeping(plan, "last").trained) == (0, 1)
    assert file.read_bytes() == good
    assert keeping(plan, "last").trained == 0


def test_links_are_no_weights(
    make: Callable[..., Plan], keeping: Callable[..., Tally], output: Output, tmp_path: Path
) -> None:
    plan = make(TOY.partition("  cutmix")[0].replace("seeds: [0, 1]", "seeds: [0]"))
    keeping(plan, "last")
    (key,) = files(output)
    for linked in (weights_file(output.weights(key), 2), output.weights(key)):
        elsewhere = linked.rename(tmp_path / f"moved {linked.name}")
        linked.symlink_to(elsewhere)
        assert not is_whole(weights_file(output.weights(key), 2))
        assert keeping(plan, "last").trained == 1
        assert is_whole(weights_file(output.weights(key), 2))


def test_weights_that_belong_to_another_outcome_are_not_kept(
    make: Callable[..., Plan], keeping: Callable[..., Tally], output: Output, tmp_path: Path
) -> None:
    plan, other = make(TOY.replace("seeds: [0, 1]", "seeds: [0]")), Output(tmp_path / "other")
    keeping(plan, "none")
    for run in output.store.records():
        other.store.put(run.model_copy(update={"val": {**run.val, "accuracy": 1.25}}))
    before = {run.key: run.outcome for run in other.store.records()}
    place = Place(tmp_path / "data", other.work, keep="last")
    with pytest.warns(UserWarning, match=r"came out differently: they are not kept \(val: .*1\.25"):
        tally = Driver(plan, other, Inline(), place).run()
    assert tally.trained == 2
    assert not other.checkpoints.exists()
    assert {run.key: run.outcome for run in other.store.records()} == before
