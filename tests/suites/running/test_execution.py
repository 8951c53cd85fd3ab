"""`execute`: repeatable to the last bit, resumable, honest about failures."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from provbench.registry import TASKS, Scores, UserError
from provbench.registry.base import tensor_file as tensorfile
from provbench.results.store.record import RunRecord
from provbench.suites.planning.plan import Plan
from provbench.suites.planning.spec import Place, RunSpec
from provbench.suites.running.execution import execute

from ..conftest import TOY

FINGERPRINT = "toy-32"


class Reaching:
    """Its pickle makes a file when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self.mark,)


def guided_spec(plan: Plan, phase: str = "final", **chosen: object) -> RunSpec:
    cell = next(cell for cell in plan.cells if cell.method == "cutmix+guidance")
    return cell.spec(0, phase, FINGERPRINT, {"epochs": 3, **chosen})  # pyright: ignore[reportArgumentType]


def _in_process(spec: RunSpec, place: Place) -> RunRecord:
    return execute(spec, place)


@pytest.fixture
def place(tmp_path: Path) -> Callable[[str], Place]:
    return lambda name: Place(data_root=tmp_path, work_root=tmp_path / name)


def test_two_runs_are_identical_in_one_process(make: Callable[..., Plan], place: Callable[[str], Place]) -> None:
    spec = guided_spec(make())
    first, second = execute(spec, place("a")), execute(spec, place("b"))
    assert first.status == "done"
    assert first.outcome == second.outcome
    assert first.predictions["test"]["confidence"].tolist() == second.predictions["test"]["confidence"].tolist()


def test_and_in_another_process(make: Callable[..., Plan], place: Callable[[str], Place]) -> None:
    spec = guided_spec(make())
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        other = pool.apply_async(_in_process, (spec, place("other"))).get(timeout=300)
    assert other.outcome == execute(spec, place("here")).outcome


@pytest.mark.parametrize("checkpoint", ["last", "best"])
@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_and_after_an_interrupt_at_an_epoch(
    make: Callable[..., Plan], place: Callable[[str], Place], epoch: int, checkpoint: str
) -> None:
    spec = guided_spec(make(), checkpoint=checkpoint)

    def kill(done: int, epochs: int, value: float | None) -> bool:
        if done == epoch:
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        execute(spec, place("cut"), kill)
    epochs_again: list[int] = []
    resumed = execute(spec, place("cut"), lambda done, *_: bool(epochs_again.append(done)))
    assert resumed.outcome == execute(spec, place("whole")).outcome
    assert epochs_again == list(range(epoch, 4)), "it must resume, not begin again"


def test_a_torn_checkpoint_is_no_checkpoint(make: Callable[..., Plan], place: Callable[[str], Place]) -> None:
    spec = guided_spec(make())
    torn = place("torn").work_root / spec.key / "resume.safetensors"
    torn.parent.mkdir(parents=True)
    torn.write_bytes(b"PK\x03\x04 half a file")
    assert execute(spec, place("torn")).outcome == execute(spec, place("whole")).outcome


def test_a_pickle_in_the_place_of_a_checkpoint_is_never_opened(
    make: Callable[..., Plan], place: Callable[[str], Place]
) -> None:
    spec = guided_spec(make())
    folder = place("handed over").work_root / spec.key
    folder.mkdir(parents=True)
    for name in ("resume.pth", "resume.safetensors", "epoch_1.pth"):
        (folder / name).write_bytes(pickle.dumps(Reaching(folder.parent / "mark")))
    assert execute(spec, place("handed over")).outcome == execute(spec, place("whole")).outcome
    assert not (folder.parent / "mark").exists()


def test_a_search_run_has_no_test_metrics(make: Callable[..., Plan], place: Callable[[str], Place]) -> None:
    record = execute(guided_spec(make(), "search"), place("a"))
    assert set(record.val) == {"accuracy", "confidence"}
    assert record.test == {}
    assert record.predictions == {}


def test_a_loss_that_is_not_finite_fails_the_run_with_a_reason(
    make: Callable[..., Plan], place: Callable[[str], Place]
) -> None:
    text = TOY.replace("[{name: gradient-guidance, alpha: 0.03}]", "[explode]")
    record = execute(guided_spec(make(text)), place("a"))
    assert record.status == "failed"
    assert "loss_explode became NaN or infinite in epoch 1" in record.reason
    assert record.test == {}


def test_an_error_in_a_plugin_fails_the_run_with_a_reason(
    make: Callable[..., Plan], place: Callable[[str], Place]
) -> None:
    record = execute(guided_spec(make(TOY.replace("name: cutmix, prob: 0.5", "name: refuse"))), place("a"))
    assert record.status == "failed"
    assert record.reason.startswith("ZeroDivisionError: no batch is good enough (in __call__, broken.py:")


def test_pruning_leaves_a_record_with_its_curve(make: Callable[..., Plan], place: Callable[[str], Place]) -> None:
    record = execute(guided_spec(make()), place("a"), lambda epoch, epochs, value: epoch == 2)
    assert record.status == "pruned"
    assert len(record.curve) == 2
    assert record.test == {}


def test_changed_data_are_refused(make: Callable[..., Plan], place: Callable[[str], Place]) -> None:
    spec = guided_spec(make()).model_copy(update={"fingerprint": "older"})
    with pytest.raises(UserError, match="have changed since"):
        execute(spec, place("a"))


def test_a_split_without_samples_is_the_users_to_mend_and_no_finished_run(
    make: Callable[..., Plan], place: Callable[[str], Place]
) -> None:
    with pytest.raises(UserError, match=r"toy-mini: split train has no samples"):
        execute(guided_spec(make(TOY), train_size=0).model_copy(update={"fingerprint": "toy-0"}), place("a"))


def test_bfloat16_accumulation_and_schedules_train(make: Callable[..., Plan], place: Callable[[str], Place]) -> None:
    spec = guided_spec(
        make(TOY.replace("prob: 0.5", "prob: 1")),
        precision="bf16",
        accumulate=2,
        schedule="step",
        step_epochs=1,
        warmup_epochs=1,
        clip_grad_norm=1.0,
    )
    record = execute(spec, place("a"))
    assert record.status == "done", record.reason
    assert record.curve[-1]["loss_gradient-guidance"] > 0


def test_the_best_epoch_is_scored(make: Callable[..., Plan], place: Callable[[str], Place]) -> None:
    record = execute(guided_spec(make(), checkpoint="best", lr=0.5, epochs=5), place("a"))
    best = max(record.curve, key=lambda entry: entry["accuracy"])
    assert record.val["accuracy"] == best["accuracy"]
    assert record.epoch == best["epoch"]


def test_a_final_run_leaves_weights_and_pictures_and_a_search_does_not(
    make: Callable[..., Plan], place: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pictures(task: Any, model: Any, count: int) -> dict[str, Any]:
        return {f"left {number}": np.zeros((2, 2, 3), np.uint8) for number in range(count)}

    monkeypatch.setattr(TASKS.get("toy"), "pictures", pictures)
    left = {}
    for phase in ("final", "search"):
        spec = guided_spec(make(), phase)
        here = replace(place(phase), keep="all", pictures=2)
        assert execute(spec, here).outcome == execute(spec, place(f"{phase} alone")).outcome
        left[phase] = {
            str(file.relative_to(here.work_root / spec.key)) for file in here.work_root.rglob("*") if file.is_file()
        }
    weights = {f"weights/epoch_{epoch}.safetensors" for epoch in (1, 2, 3)}
    assert weights | {"pictures/left_0.png", "pictures/left_1.png"} <= left["final"]
    assert not any(name.startswith(("weights", "pictures")) for name in left["search"])


def test_an_error_of_whoever_is_told_is_not_the_methods(
    make: Callable[..., Plan], place: Callable[[str], Place]
) -> None:
    def hang_up(*_: object) -> bool:
        raise EOFError("the driver is gone")

    with pytest.raises(OSError, match="epoch 1 could not be reported: EOFError: the driver is gone"):
        execute(guided_spec(make()), place("a"), hang_up)


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (MemoryError("no room"), MemoryError),
        (OSError("no disk"), OSError),
        (UserError("no file"), UserError),
        (RuntimeError("CUDA error: out of memory"), OSError),
    ],
)
def test_what_is_not_the_methods_fault_is_raised(
    make: Callable[..., Plan],
    place: Callable[[str], Place],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    raised: type[Exception],
) -> None:
    def fail(task: Any) -> None:
        raise error

    monkeypatch.setattr(TASKS.get("toy"), "build_model", fail)
    with pytest.raises(raised, match=str(error)):
        execute(guided_spec(make()), place("a"))


def test_scores_that_cannot_be_recorded_are_the_methods_fault(
    make: Callable[..., Plan], place: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    def score(task: Any, split: str, ids: Any, predictions: Any) -> Scores:
        return Scores({"accuracy": 1.0}, {"id": np.array([{}] * len(ids))})

    monkeypatch.setattr(TASKS.get("toy"), "score", score)
    record = execute(guided_spec(make()), place("a"))
    assert record.status == "failed"
    assert "must be an array of numbers, bools or strings" in record.reason


def test_a_full_disk_is_raised(
    make: Callable[..., Plan], place: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tensorfile.write_tensors
    monkeypatch.setattr(
        "provbench.benchmarks.training.checkpoints.write_tensors", lambda value, _: real(value, Path("/dev/full"))
    )
    with pytest.raises(OSError, match="No space left on device"):
        execute(guided_spec(make()), replace(place("a"), keep="all"))


def test_the_working_folder_is_one_processs_own(make: Callable[..., Plan], place: Callable[[str], Place]) -> None:
    spec, here = guided_spec(make()), place("a")
    seen: list[bool] = []
    execute(spec, here, lambda *_: bool(seen.append((here.work_root / spec.key / ".lock").is_file())))
    assert seen == [True] * 3
    assert not (here.work_root / spec.key / ".lock").exists()
