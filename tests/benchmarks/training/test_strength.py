"""The penalties' share of the parameter gradient is measured without a trace, and weights are calibrated to one."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from provbench.benchmarks.training.hooks import DivergedError
from provbench.benchmarks.training.loop import Outcome
from provbench.benchmarks.training.strength import Strengths
from provbench.registry import AUGMENTATIONS, REGULARIZERS, Augmentation, Batch

from .conftest import Train

GUIDANCE = "share_gradient-guidance"
SMALL = {"epochs": 4, "train_size": 32, "batch_size": 8}


def guided(**params: Any) -> list[Any]:
    return [REGULARIZERS.build("gradient-guidance", **params)]


def without_shares(outcome: Outcome) -> tuple[Any, ...]:
    curve = [{name: value for name, value in one.items() if not name.startswith("share")} for one in outcome.curve]
    return curve, outcome.val, outcome.test


class Parts(nn.Module):
    """A parameter and terms whose gradients are known: 3 and 4 of the loss, `strength` of the penalty."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Parameter(torch.ones(())), nn.Parameter(torch.ones(()))

    def loss(self) -> Tensor:
        return 3 * self.first + 4 * self.second

    def penalty(self, strength: float) -> Tensor:
        return strength * self.first


def test_the_share_is_the_ratio_of_the_norms_by_hand() -> None:
    net, (regularizer,) = Parts(), guided()
    strengths = Strengths(list(net.parameters()), [regularizer], every=2)
    strengths.start_epoch(3)  # of the steps from 3 on, 4 and 6 are measured
    for number, strength in enumerate([9.0, 1.0, 9.0, 2.0, 9.0], start=3):
        terms = {regularizer.name: net.penalty(strength)}
        assert strengths(number, net.loss(), terms) == terms
    assert strengths.shares() == {GUIDANCE: pytest.approx(100 * (1 + 2) / (5 + 5))}
    strengths.start_epoch(8)
    assert strengths.shares() == {}


def test_a_lazy_penalty_counts_by_its_period() -> None:
    net, (lazy,) = Parts(), guided(every=4)
    strengths = Strengths(list(net.parameters()), [lazy], every=1)
    strengths(0, net.loss(), {lazy.name: net.penalty(4 * 0.5)})
    assert strengths.shares() == {GUIDANCE: pytest.approx(10)}


def test_a_weight_is_calibrated_on_the_first_steps_and_then_stays() -> None:
    net, (regularizer,) = Parts(), guided(alpha={"share": 0.2, "steps": 2})
    strengths = Strengths(list(net.parameters()), [regularizer], every=0)
    weighted = []
    for number, strength in enumerate([1.0, 3.0, 100.0]):
        terms = strengths(number, net.loss(), {regularizer.name: net.penalty(strength)})
        weighted.append(float(terms[regularizer.name]))
        assert strengths.is_fixed(regularizer.name) == (number > 0)
    weight = 0.2 * (5 + 5) / (1 + 3)
    assert strengths.weights() == {regularizer.name: pytest.approx(weight)}
    assert weighted == pytest.approx([0.2 * 5 / 1, weight * 3, weight * 100])


def test_calibration_goes_on_where_it_was_interrupted() -> None:
    net, (regularizer,) = Parts(), guided(alpha={"share": 0.2, "steps": 3})

    def run(strengths: Strengths, *numbers: int) -> None:
        for number in numbers:
            terms = {regularizer.name: net.penalty(1.0 + number)}
            strengths(number, net.loss(), terms)

    whole, first, second = (Strengths(list(net.parameters()), [regularizer], every=0) for _ in range(3))
    run(whole, *range(5))
    run(first, 0, 1)
    second.load_state_dict(first.state_dict())
    run(second, 2, 3, 4)
    assert second.weights() == whole.weights()


def test_a_network_that_allows_one_backward_pass_only_is_trained_all_the_same() -> None:
    net, (regularizer,) = Parts(), guided()
    strengths = Strengths(list(net.parameters()), [regularizer], every=1)
    with pytest.warns(UserWarning, match="cannot be measured"):
        strengths(0, freed(net), {regularizer.name: net.penalty(1.0)})
    assert strengths.shares() == {}
    strengths(1, freed(net), {regularizer.name: net.penalty(1.0)})


def freed(net: Parts) -> Tensor:
    """A loss whose graph has been used up."""
    loss = net.loss().square()
    torch.autograd.grad(loss, list(net.parameters()))
    return loss


def test_measuring_changes_no_number(run: Train) -> None:
    mixing: Augmentation = AUGMENTATIONS.build("cutmix", prob=0.5)
    outcomes = [
        run(**SMALL, work=str(every), augmentation=mixing, regularizers=guided(alpha=0.5), penalty_probe=every)
        for every in (0, 1, 5)
    ]
    assert len({str(without_shares(outcome)) for outcome in outcomes}) == 1
    assert not any(GUIDANCE in entry for entry in outcomes[0].curve)
    assert all(entry[GUIDANCE] > 0 for entry in outcomes[1].curve)


def test_a_share_is_what_the_curve_then_shows_and_resumes_exactly(run: Train) -> None:
    options: dict[str, Any] = {**SMALL, "lr": 1e-5, "penalty_probe": 1}
    calibrated = {"regularizers": guided(alpha={"share": 0.25, "steps": 6}), **options}
    whole = run(**calibrated, work="whole")
    assert whole.calibrated == {"gradient-guidance.alpha": pytest.approx(whole.calibrated["gradient-guidance.alpha"])}
    assert whole.curve[-1][GUIDANCE] == pytest.approx(25, rel=0.1)  # the network hardly moves

    class EnoughError(Exception):
        pass

    def interrupted(epoch: int, epochs: int, value: float | None) -> bool:
        if epoch == 2:
            raise EnoughError
        return False

    with pytest.raises(EnoughError):
        run(**calibrated, work="parts", report=interrupted)
    resumed = run(**calibrated, work="parts")
    assert resumed.calibrated == whole.calibrated
    assert resumed.curve == whole.curve


class Nowhere(Augmentation):
    """Says that the target is everywhere: nothing is outside of it."""

    def __call__(self, batch: Batch, generator: Any, model: Any) -> Batch:
        (source,) = batch.sources
        whole = type(source)(source.labels, source.weight, torch.ones_like(source.mask), source.guided)
        return Batch(batch.inputs, (whole,), batch.ids)


def test_a_penalty_without_a_gradient_cannot_be_calibrated(run: Train) -> None:
    with pytest.raises(DivergedError, match="gradient-guidance: its weight cannot be calibrated"):
        run(**SMALL, augmentation=Nowhere(), regularizers=guided(alpha={"share": 0.1, "steps": 2}))


def test_a_given_weight_is_not_calibrated(run: Train) -> None:
    assert run(**{**SMALL, "epochs": 1}, regularizers=guided(alpha=0.1)).calibrated == {}


@pytest.mark.parametrize("name", ["rrr", "jacobian", "double-backprop"])
def test_the_other_penalties_take_a_share_too(name: str, run: Train) -> None:
    regularizers = [REGULARIZERS.build(name, strength={"share": 0.1, "steps": 3})]
    outcome = run(**{**SMALL, "epochs": 1}, lr=1e-5, penalty_probe=1, regularizers=regularizers)
    assert outcome.calibrated[f"{name}.strength"] > 0
    assert outcome.curve[-1][f"share_{name}"] == pytest.approx(10, rel=0.5)
