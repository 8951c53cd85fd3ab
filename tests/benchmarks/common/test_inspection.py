"""Looking into a network: what is seen is right, and nothing is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from torch import Tensor, nn

from provbench.benchmarks.common.inspection import (
    class_gradient,
    energy_inside,
    evaluating,
    middles,
    predictions,
    spread,
)
from provbench.benchmarks.waterbirds.task import Waterbirds

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.fixture
def task(tmp_path: Path) -> Waterbirds:
    """A task of images in ImageNet's normalisation; its data are not read."""
    return Waterbirds(Waterbirds.resolve_params({}, "mini", "task"), variant="mini", data_root=tmp_path)


class Bends(nn.Module):
    """logits[k] = Σ tanh(weight[k] · x), which has a gradient of its own at every pixel; noisy in training mode."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.weight = nn.Parameter(torch.randn(2, 3, 4, 4))
        self.dropout = nn.Dropout(0.9)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.dropout(torch.tanh(self.weight * inputs[:, None]).sum(dim=(2, 3, 4)))


def item(label: int, seed: int = 0) -> dict[str, Any]:
    image = torch.randint(256, (3, 4, 4), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
    return {
        "image": image,
        "label": label,
        "id": f"{label}/{seed}",
        "mask": torch.ones(1, 4, 4, dtype=torch.uint8),
        "guided": False,
    }


@pytest.mark.parametrize("label", [0, 1])
def test_the_gradient_is_that_of_the_labels_logit(task: Waterbirds, label: int) -> None:
    model, sample = Bends().train(), item(label)
    with torch.no_grad():
        found = class_gradient(task, model, sample)

    pixels = (sample["image"].double() / 255 - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    weight = model.weight[label].detach().double()
    expected = (weight * (1 - torch.tanh(weight * pixels) ** 2)).norm(dim=0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-6)


def test_the_model_is_left_as_it_was(task: Waterbirds) -> None:
    model = nn.Sequential(Bends(), nn.BatchNorm1d(2), nn.Linear(2, 2)).train()
    model[2].eval()
    model[2].weight.grad = torch.full((2, 2), 3.0)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    samples = [item(0), item(1)]
    class_gradient(task, model, samples[0])
    predictions(task, model, samples, [0, 1])

    assert [module.training for module in model.modules()] == [True, True, True, True, False]
    for name, value in model.state_dict().items():
        assert torch.equal(value, state[name])
    grads = {name: parameter.grad for name, parameter in model.named_parameters()}
    kept = grads.pop("2.weight")
    assert kept is not None
    assert torch.equal(kept, torch.full((2, 2), 3.0))
    assert all(gradient is None for gradient in grads.values())


def test_modes_come_back_after_an_error_too() -> None:
    model = nn.Sequential(nn.Dropout(), nn.Dropout().eval())

    def fail() -> None:
        assert not any(module.training for module in model.modules())
        raise RuntimeError("within")

    with pytest.raises(RuntimeError, match="within"), evaluating(model):
        fail()
    assert [module.training for module in model.modules()] == [True, True, False]


@pytest.mark.parametrize("batch_size", [1, 2, 32])
def test_predictions_are_the_tasks_in_the_order_of_the_places(task: Waterbirds, batch_size: int) -> None:
    model, samples = Bends().train(), [item(number % 2, number) for number in range(5)]
    rows = predictions(task, model, samples, [3, 0, 4], batch_size)

    assert [row["label"] for row in rows] == [1, 0, 0]
    again = [predictions(task, model, samples, [place])[0] for place in (3, 0, 4)]
    assert rows == again


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(0, 80))
def test_samples_are_spread_over_the_strata(strata: list[int], count: int) -> None:
    places = spread(strata, count)

    assert len(places) == len(set(places)) == min(count, len(strata))
    assert places == spread(strata, count)
    for stratum in set(strata):
        due = len(places) * strata.count(stratum) / len(strata)
        assert abs(sum(strata[place] == stratum for place in places) - due) < 1


def test_classes_in_turn_do_not_beat_with_the_steps() -> None:
    strata = [place % 10 for place in range(400)]

    assert [strata[place] for place in spread(strata, 10)] == list(range(10))
    assert sorted(spread(strata, 1000)) == list(range(400))


@pytest.mark.parametrize(
    ("length", "count", "expected"), [(10, 2, [2, 7]), (9, 3, [1, 4, 7]), (3, 8, [0, 1, 2]), (5, 1, [2]), (4, 0, [])]
)
def test_middles_of_equal_parts(length: int, count: int, expected: list[int]) -> None:
    assert middles(length, count) == expected


def test_energy_is_of_squares_and_counts_parts_of_pixels() -> None:
    magnitudes = np.array([[3.0, 1.0], [1.0, 1.0]])

    assert energy_inside(magnitudes, np.array([[1, 0], [0, 0]])) == pytest.approx(9 / 12)
    assert energy_inside(magnitudes, np.array([[0.5, 0], [0, 1]])) == pytest.approx(5.5 / 12)
    assert energy_inside(magnitudes, np.ones((2, 2))) == pytest.approx(1)
    assert np.isnan(energy_inside(np.zeros((2, 2)), np.ones((2, 2))))
