"""A second pass within a step leaves no trace, and draws what the first one drew."""

from __future__ import annotations

import torch
from torch import nn

from provbench.benchmarks.training.rerun import Rerun, frozen_statistics

CPU = torch.device("cpu")


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Flatten(), nn.Linear(144, 3))


def test_the_same_inputs_give_the_same_logits_dropout_included() -> None:
    model, inputs = net(), torch.randn(5, 3, 8, 8)
    again = Rerun(model, CPU)
    logits = model(inputs)
    assert torch.equal(again(inputs), logits)
    assert torch.equal(again(inputs), logits)
    assert not torch.equal(model(inputs), logits)  # dropout does draw


def test_nothing_is_left_in_statistics_and_generators() -> None:
    model, inputs = net(), torch.randn(5, 3, 8, 8)
    again = Rerun(model, CPU)
    model(inputs)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    again(inputs + 1)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    model(inputs)
    assert model.state_dict()["1.num_batches_tracked"] == before["1.num_batches_tracked"] + 1


def test_frozen_statistics_still_normalise_by_the_batch() -> None:
    model, inputs = net()[:2], torch.randn(5, 3, 8, 8)
    expected = model(inputs)
    with frozen_statistics(model):
        torch.testing.assert_close(model(inputs), expected)
