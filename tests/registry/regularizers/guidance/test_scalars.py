"""What is differentiated, by hand."""

from __future__ import annotations

import math

import pytest
import torch

from provbench.registry.regularizers.guidance.scalars import scalar_of

LOGITS = torch.tensor([[1.0, 2.0, 4.0], [0.0, -1.0, 3.0]])
LABELS = torch.tensor([2, 0])


def test_the_logit_is_the_labels_own() -> None:
    assert scalar_of(LOGITS, LABELS, "logit").tolist() == [4, 0]


def test_the_log_probability_is_the_log_of_the_softmax() -> None:
    expected = [4 - math.log(math.exp(1) + math.exp(2) + math.exp(4)), -math.log(1 + math.exp(-1) + math.exp(3))]
    assert scalar_of(LOGITS, LABELS, "log-probability").tolist() == pytest.approx(expected)


def test_the_margin_is_the_log_odds_against_all_others() -> None:
    probability = LOGITS.softmax(dim=1).gather(1, LABELS[:, None]).squeeze(1)
    torch.testing.assert_close(scalar_of(LOGITS, LABELS, "margin"), (probability / (1 - probability)).log())


def test_of_two_classes_the_margin_is_the_difference_of_the_logits() -> None:
    logits = torch.randn(5, 2)
    torch.testing.assert_close(
        scalar_of(logits, torch.zeros(5, dtype=torch.int64), "margin"), logits[:, 0] - logits[:, 1]
    )


def test_all_logits_are_summed_with_signs_that_the_generator_draws() -> None:
    drawn = {
        tuple(scalar_of(LOGITS, LABELS, "all-logits", torch.Generator().manual_seed(seed)).tolist())
        for seed in range(200)
    }
    first = {a * 1.0 + b * 2.0 + c * 4.0 for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)}
    assert {pair[0] for pair in drawn} == first


@pytest.mark.parametrize("kind", ["logit", "log-probability", "margin"])
def test_every_scalar_can_be_differentiated_twice(kind: str) -> None:
    logits = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)

    def scalar(values: torch.Tensor) -> torch.Tensor:
        return scalar_of(values, LABELS, kind)  # pyright: ignore[reportArgumentType]

    assert torch.autograd.gradcheck(scalar, (logits,))
    assert torch.autograd.gradgradcheck(scalar, (logits,))
