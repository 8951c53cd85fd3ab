"""What a training step runs the network in, and what it measures on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from provbench.benchmarks.training.learner import Learner
from provbench.registry import AUGMENTATIONS, REGULARIZERS, TASKS


def learner_of(tmp_path: Path, *regularizers: Any, **params: Any) -> Learner:
    cls = TASKS.get("steady")
    task = cls(cls.Params(**params), variant="mini", data_root=tmp_path)
    return Learner(task, AUGMENTATIONS.build("cutmix", prob=1), regularizers, seed=0)


def batch(size: int = 8) -> dict[str, Any]:
    torch.manual_seed(0)
    mask = torch.zeros(size, 1, 8, 8)
    mask[..., :4] = 1
    guided = torch.ones(size, dtype=torch.bool)
    labels = torch.arange(size) % 2
    ids = [str(number) for number in range(size)]
    return {"inputs": torch.randn(size, 3, 8, 8), "labels": labels, "masks": mask, "guided": guided, "ids": ids}


class Watched(nn.Module):
    """Notes in which precision a network answers."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net, self.seen = net, list[torch.dtype]()

    def forward(self, inputs: Tensor) -> Tensor:
        logits = self.net(inputs)
        self.seen.append(logits.dtype)
        return logits


class Counted(nn.Module):
    """Notes how many samples it is given."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net, self.sizes = net, list[int]()

    def forward(self, inputs: Tensor) -> Tensor:
        self.sizes.append(len(inputs))
        return self.net(inputs)


def gradients(loss: Tensor, net: nn.Module) -> tuple[Tensor, ...]:
    return torch.autograd.grad(loss, list(net.parameters()), retain_graph=True, materialize_grads=True)


class SelfTeaching(Watched):
    """Has a loss term of its own."""

    def logits_and_losses(self, inputs: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        logits = self(inputs)
        return logits, {"size": logits.square().mean()}


def test_a_network_s_own_terms_are_part_of_the_loss(tmp_path: Path) -> None:
    learner = learner_of(tmp_path, REGULARIZERS.build("gradient-guidance"))
    plain = learner(**batch(), mode="loss")
    learner.start_step(0)
    learner.net = SelfTeaching(learner.net)
    losses = learner(**batch(), mode="loss")
    assert list(losses) == ["loss_classification", "loss_size", "loss_gradient-guidance"]
    assert losses["loss_size"].requires_grad
    assert losses["loss_size"] > 0
    assert len(learner.net.seen) == 1, "one pass serves them all"
    assert plain.keys() == losses.keys() - {"loss_size"}


@pytest.mark.parametrize(
    ("precision", "expected"), [({}, torch.bfloat16), ({"penalty_precision": "fp32"}, torch.float32)]
)
def test_steps_that_differentiate_twice_stay_in_bfloat16_unless_fp32_is_asked_for(
    tmp_path: Path, precision: dict[str, str], expected: torch.dtype
) -> None:
    learner = learner_of(tmp_path, REGULARIZERS.build("gradient-guidance"), precision="bf16", **precision)
    learner.net = Watched(learner.net)
    with torch.autocast("cpu", torch.bfloat16):
        losses = learner(**batch(), mode="loss")
    assert learner.net.seen == [expected]
    assert losses["loss_gradient-guidance"].dtype == torch.float32
    assert losses["loss_gradient-guidance"] > 0


def test_the_samples_of_a_share_go_through_the_network_apart_and_no_sample_twice(tmp_path: Path) -> None:
    regularizer = REGULARIZERS.build("gradient-guidance", share=0.5)
    learner = learner_of(tmp_path, regularizer)
    learner.net = Counted(learner.net)
    losses = learner(**batch(), mode="loss")
    assert learner.net.sizes == [4, 4]
    plain = learner_of(tmp_path)
    plain.net = learner.net.net
    torch.testing.assert_close(losses["loss_classification"], plain(**batch(), mode="loss")["loss_classification"])


@pytest.mark.parametrize("options", [{}, {"estimator": "perturbation"}, {"estimator": "rademacher"}])
def test_a_share_apart_has_the_term_that_it_has_in_a_pass_of_its_own(tmp_path: Path, options: dict[str, Any]) -> None:
    terms = []
    for subset in ("shared", "own"):
        regularizer = REGULARIZERS.build("gradient-guidance", share=0.25, subset=subset, **options)
        learner = learner_of(tmp_path, regularizer)
        loss = learner(**batch(), mode="loss")["loss_gradient-guidance"]
        terms.append(torch.cat([loss.detach()[None], *(one.flatten() for one in gradients(loss, learner.net))]))
    torch.testing.assert_close(*terms)


def test_where_batch_normalisation_has_samples_interact_a_share_has_a_pass_of_its_own(tmp_path: Path) -> None:
    learner = learner_of(tmp_path, REGULARIZERS.build("gradient-guidance", share=0.5), normalized=True)
    learner.net = Counted(learner.net)
    learner(**batch(), mode="loss")
    assert learner.net.sizes == [8, 4]


def test_a_term_that_holds_the_losss_gradient_leaves_the_loss_its_value_only(tmp_path: Path) -> None:
    plain = learner_of(tmp_path)(**batch(), mode="loss")["loss_classification"]
    losses = learner_of(tmp_path, REGULARIZERS.build("double-backprop", estimator="shifted-step"))(
        **batch(), mode="loss"
    )
    assert losses["loss_classification"] == plain
    assert not losses["loss_classification"].requires_grad
    assert losses["loss_double-backprop"].requires_grad


def test_shifted_steps_are_in_fp32_under_autocast(tmp_path: Path) -> None:
    learner = learner_of(tmp_path, REGULARIZERS.build("rrr", estimator="shifted-step"), precision="bf16")
    learner.net = Watched(learner.net)
    with torch.autocast("cpu", torch.bfloat16):
        learner(**batch(), mode="loss")
    assert set(learner.net.seen) == {torch.float32}
