"""Group DRO against algorithm 1, written out step by step."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from provbench.registry import REGULARIZERS, Batch, Source, Step
from provbench.registry.regularizers.group_dro import GroupDro, group_means, sample_losses


def step_of(net: nn.Module, batch: Batch, groups: list[int], memory: torch.Tensor) -> Step:
    logits = net(batch.inputs)
    return Step(logits, batch, torch.Generator(), 0, net, groups=torch.tensor(groups), memory=memory)


@pytest.mark.parametrize("adjustment", [0.0, 2.0])
def test_weights_and_losses_follow_the_algorithm(adjustment: float) -> None:
    torch.manual_seed(0)
    net, regularizer = nn.Linear(5, 3), GroupDro(step_size=0.5, adjustment=adjustment)
    counts = [10, 0, 4, 100]
    memory = regularizer.memory(counts)
    assert memory is not None
    q = [1 / 3, 0, 1 / 3, 1 / 3]
    assert memory[0].tolist() == pytest.approx(q)
    for groups in ([0, 2, 3, 3, 0, 2], [3, 3, 3, 3, 3, 0], [2, 2, 2, 2, 2, 2]):
        inputs, labels = torch.randn(6, 5), torch.randint(3, (6,))
        batch = Batch(inputs, (Source.whole(labels, inputs),))
        each = -torch.log_softmax(net(inputs), dim=1)[torch.arange(6), labels].detach().numpy()
        means = [each[np.array(groups) == g].mean() if g in groups else 0.0 for g in range(4)]
        q = [
            w * math.exp(0.5 * (mean + (adjustment / math.sqrt(n) if n else 0)))
            for w, mean, n in zip(q, means, counts, strict=True)
        ]
        q = [w / sum(q) for w in q]
        net.zero_grad()
        term = regularizer.term(step_of(net, batch, groups, memory))
        assert memory[0].tolist() == pytest.approx(q, rel=1e-5)
        robust = sum(w * mean for w, mean in zip(q, means, strict=True))
        assert term.item() == pytest.approx(robust - each.mean(), rel=1e-4, abs=1e-6)

        term.backward()
        found = net.weight.grad.clone()  # pyright: ignore[reportOptionalMemberAccess]
        net.zero_grad()
        losses = nn.functional.cross_entropy(net(inputs), labels, reduction="none")
        rows = [torch.tensor(groups) == g for g in range(4)]
        sum(w * losses[row].mean() for w, row in zip(q, rows, strict=True) if row.any()).backward()  # pyright: ignore[reportAttributeAccessIssue]
        torch.testing.assert_close(found, net.weight.grad)


def test_mixed_samples_count_with_their_soft_labels() -> None:
    logits = torch.randn(2, 3)
    own = Source(torch.tensor([0, 1]), torch.tensor([0.7, 1.0]), torch.ones(2, 1, 1), torch.tensor([False, False]))
    other = Source(torch.tensor([2, 1]), torch.tensor([0.3, 0.0]), torch.ones(2, 1, 1), torch.tensor([False, False]))
    each = -torch.log_softmax(logits, dim=1)
    expected = torch.stack([0.7 * each[0, 0] + 0.3 * each[0, 2], each[1, 1]])
    torch.testing.assert_close(sample_losses(logits, (own, other)), expected)


def test_a_group_without_samples_has_no_loss() -> None:
    means = group_means(torch.tensor([1.0, 3.0, 5.0]), torch.tensor([2, 2, 0]), 4)
    assert means.tolist() == [5, 0, 2, 0]


def test_it_says_what_it_needs() -> None:
    regularizer = REGULARIZERS.build("group-dro")
    assert regularizer.uses_groups
    assert regularizer.replaces_loss
    assert not regularizer.second_order
    assert not any(REGULARIZERS.get(name).uses_groups for name in REGULARIZERS if name != "group-dro")
    with pytest.raises(RuntimeError, match="group-dro: needs the groups of a step"):
        regularizer.penalty(torch.zeros(1, 2), Batch(torch.zeros(1, 2), ()), torch.Generator())
