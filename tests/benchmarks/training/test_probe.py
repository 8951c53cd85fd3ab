"""How much of the input gradient lies outside of the targets, measured without leaving a trace."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from provbench.benchmarks.training.data import Preprocessor
from provbench.benchmarks.training.probe import GradientProbe, build_probe, outside_shares
from provbench.registry import AUGMENTATIONS, TASKS, Batch, Source
from provbench.registry.base.tensor_file import read_tensors

from .conftest import Train


class Linear(nn.Module):
    """logit k = Σ weights[k] · inputs, whose input gradient is weights[k] for every input."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights)

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.einsum("bchw,kchw->bk", inputs, self.weights)


def source(labels: list[int], mask: Tensor, guided: list[bool]) -> Source:
    return Source(torch.tensor(labels), torch.full((len(labels),), 0.5), mask, torch.tensor(guided))


def test_by_hand() -> None:
    """2 x 2 pixels of one channel. Class 0 looks at (3, 1, 0, 0), class 1 at (1, 1, 1, 1)."""
    net = Linear(torch.tensor([[[[3.0, 1.0], [0.0, 0.0]]], [[[1.0, 1.0], [1.0, 1.0]]]]))
    left = torch.tensor([[[[1.0, 0.0], [1.0, 0.0]]]])
    batch = Batch(
        torch.zeros(2, 1, 2, 2),
        (
            source([0, 1], torch.cat([left, left]), [True, False]),
            source([1, 0], torch.cat([1 - left, 0.5 * torch.ones_like(left)]), [True, True]),
        ),
    )
    # class 0 outside of the left: 1 of 10; class 1 outside of the right: 2 of 4; class 0, half masked everywhere: 1/2
    assert outside_shares(net, batch).tolist() == pytest.approx([0.1, 0.5, 0.5])


def test_channels_are_summed_before_the_share_is_taken() -> None:
    net = Linear(torch.tensor([[[[3.0, 0.0]], [[0.0, 4.0]]]]))
    mask = torch.tensor([[[[1.0, 0.0]]]])
    batch = Batch(torch.zeros(1, 2, 1, 2), (source([0], mask, [True]),))
    assert outside_shares(net, batch).tolist() == pytest.approx([16 / 25])


def test_a_gradient_that_is_zero_has_no_share() -> None:
    net = Linear(torch.stack([torch.zeros(1, 1, 2), torch.ones(1, 1, 2)]))
    mask = torch.tensor([[[[1.0, 0.0]]]]).expand(2, 1, 1, 2)
    batch = Batch(torch.zeros(2, 1, 1, 2), (source([0, 1], mask, [True, True]),))
    assert outside_shares(net, batch).tolist() == pytest.approx([0.5])


class Numbered(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """Images or clouds of two classes in turn; `asked` takes down which."""

    def __init__(self, shape: tuple[int, ...], size: int = 40) -> None:
        self.shape, self.size, self.asked = shape, size, []  # type: ignore[var-annotated]

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> dict[str, Any]:
        self.asked.append(index)
        image = torch.rand(self.shape, generator=torch.Generator().manual_seed(index))
        mask = torch.ones(1, *self.shape[1:], dtype=torch.uint8)
        return {"image": image, "label": index % 2, "id": str(index), "mask": mask, "guided": False}


def probe(data: Numbered, count: int = 16, name: str = "cutmix") -> GradientProbe:
    return GradientProbe(data, count, AUGMENTATIONS.get(name)(prob=1.0), Preprocessor((0.0,), (1.0,)))


def test_an_even_gradient_has_half_of_itself_outside_whatever_the_masks() -> None:
    even = Linear(torch.ones(2, 3, 8, 8))
    assert probe(Numbered((3, 8, 8))).measure(even) == {"gradient outside": pytest.approx(50)}


def test_clouds_are_measured_as_images_are() -> None:
    class Pooled(nn.Module):
        def forward(self, cloud: Tensor) -> Tensor:
            pooled = cloud.square().sum(dim=(2, 3))  # (B, C), of any number of people
            return pooled[:, :2]

    found = probe(Numbered((5, 6, 17)), name="batchmix").measure(Pooled())
    assert 0 < found["gradient outside"] < 100


def test_every_network_is_measured_on_the_same_samples() -> None:
    class Watching(Linear):
        def forward(self, inputs: Tensor) -> Tensor:
            seen.append(inputs.detach().clone())
            return super().forward(inputs)

    seen: list[Tensor] = []
    data = Numbered((3, 8, 8))
    one, other = probe(data), probe(data)
    for number, measuring in enumerate((one, one, other)):
        torch.manual_seed(number)
        measuring.measure(Watching(torch.rand(2, 3, 8, 8)))
    first, again, another = seen[:2], seen[2:4], seen[4:]
    assert len(set(data.asked)) == 16
    assert all(torch.equal(a, b) and torch.equal(a, c) for a, b, c in zip(first, again, another, strict=True))


@pytest.mark.parametrize("count", [1, 3, 8, 9, 100])
def test_any_number_of_samples_will_do(count: int) -> None:
    data = Numbered((3, 8, 8))
    found = probe(data, count).measure(Linear(torch.rand(2, 3, 8, 8)))
    assert len(set(data.asked)) == min(count, 40)
    assert bool(found) == (count > 1), "nobody is mixed with himself"


def test_nothing_is_touched() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.Flatten(), nn.Linear(144, 2))
    net.eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    generators = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[union-attr]

    class Noisy(Numbered):
        def __getitem__(self, index: int) -> dict[str, Any]:
            assert torch.rand(1) + random.random() + np.random.rand() >= 0
            return super().__getitem__(index)

    assert probe(Noisy((3, 8, 8))).measure(net)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in net.parameters())
    assert not any(module.training for module in net.modules())
    assert torch.equal(torch.get_rng_state(), generators[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == generators[1:]  # type: ignore[union-attr]


@pytest.mark.parametrize("options", [{}, {"normalized": True, "checkpoint": "best"}, {"optimizer": "adamw"}])
def test_a_training_is_the_same_to_the_last_bit_with_and_without(
    run: Train, tmp_path: Path, options: dict[str, Any]
) -> None:
    regularizer = {"augmentation": AUGMENTATIONS.get("cutmix")(prob=0.5)}
    plain = run(**options, **regularizer, gradient_probe=0, work="plain", keep="last")
    probed = run(**options, **regularizer, gradient_probe=32, work="probed", keep="last")
    outside = [entry.pop("gradient outside") for entry in probed.curve]
    assert all(0 < share < 100 for share in outside)
    assert (probed.val, probed.test, probed.curve) == (plain.val, plain.test, plain.curve)
    for column, values in probed.predictions["test"].items():
        assert (values == plain.predictions["test"][column]).all()
    one, other = (read_tensors(tmp_path / work / "weights" / "epoch_3.safetensors") for work in ("plain", "probed"))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_network_without_input_gradients_is_trained_all_the_same(run: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    class Blind(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bias = nn.Parameter(torch.zeros(2))

        def forward(self, inputs: Tensor) -> Tensor:
            return self.bias.expand(len(inputs), 2)

    monkeypatch.setattr(TASKS.get("steady"), "build_model", lambda self: Blind())
    with pytest.warns(UserWarning, match="the gradient probe failed: RuntimeError"):
        outcome = run(gradient_probe=8, epochs=1)
    assert "gradient outside" not in outcome.curve[0]


def test_tasks_say_whether_they_are_probed_and_recipes_how_much(tmp_path: Path) -> None:
    preprocess = Preprocessor((0.0,), (1.0,))

    def build(task: str, **params: Any) -> GradientProbe | None:
        cls = TASKS.get(task)
        return build_probe(cls(cls.Params(**params), variant="mini", data_root=tmp_path), preprocess)

    assert build("toy") is None
    assert build("steady", gradient_probe=0) is None
    found = build("steady", gradient_probe=5)
    assert found is not None
    assert (found.count, found.augmentation.params.prob) == (5, 1.0)
