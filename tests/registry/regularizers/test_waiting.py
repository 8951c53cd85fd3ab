"""How often a guided step makes the host wait for the device: once, to learn which samples are guided.

The tensors are on torch's `meta` device, which has no values: whatever would read one raises, as would a `bool`, an
`item`, `tolist`, `nonzero` or an index of bools. Copies from the CPU are watched for, which wait unless told not to.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from provbench.registry import AUGMENTATIONS, REGULARIZERS, Batch, Source, Step

SIZE = 6


class Copies(TorchDispatchMode):
    """Counts the operations that bring values of the CPU to the device and wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        places = {one.device.type for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor) and one.ndim}
        name = func.overloadpacket.__name__
        moves = name == "_to_copy" and places == {"cpu"} and torch.device(kwargs.get("device") or "cpu").type == "meta"
        if (moves and not kwargs.get("non_blocking")) or (name.startswith("index") and places == {"cpu", "meta"}):
            self.waiting.append(name)
        return func(*args, **kwargs)


def net() -> nn.Module:
    layers = [nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(4, 3)).to("meta")


def with_guides(batch: Batch) -> Batch:
    """The batch after the one question that may wait."""
    vars(batch)["guides"] = torch.ones(len(batch.sources), len(batch), dtype=torch.bool)
    return batch


def mixed_batch() -> Batch:
    inputs = torch.empty(SIZE, 3, 8, 8, device="meta")
    labels, ones = torch.empty(SIZE, dtype=torch.int64, device="meta"), torch.empty(SIZE, device="meta")
    guided, mask = torch.empty(SIZE, dtype=torch.bool, device="meta"), torch.empty(SIZE, 1, 8, 8, device="meta")
    batch = Batch(inputs, (Source(labels, ones, mask, guided),))
    return AUGMENTATIONS.build("cutmix", prob=1)(batch, torch.Generator().manual_seed(0), lambda inputs: inputs)


METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "exact": ("gradient-guidance", {}),
    "random source": ("gradient-guidance", {"estimator": "random-source"}),
    "rademacher": ("gradient-guidance", {"estimator": "rademacher"}),
    "perturbation": ("gradient-guidance", {"estimator": "perturbation", "blocks": "50%", "channels": [0, 2]}),
    "a share": ("gradient-guidance", {"share": 0.5, "subset": "own"}),
    "a share, perturbed": ("gradient-guidance", {"share": 0.5, "estimator": "perturbation"}),
    "random masks, channels, margin": ("gradient-guidance", {"mask": "random", "channels": [0], "scalar": "margin"}),
    "all logits": ("gradient-guidance", {"scalar": "all-logits", "normalise": "logit-scale", "inputs": "unit"}),
    "rrr": ("rrr", {}),
    "rrr, shifted": ("rrr", {"estimator": "shifted-step"}),
    "double-backprop": ("double-backprop", {}),
    "double-backprop, shifted": ("double-backprop", {"estimator": "shifted-step"}),
    "jacobian": ("jacobian", {}),
}


@pytest.mark.parametrize(("name", "params"), METHODS.values(), ids=METHODS)
def test_a_guided_step_waits_for_the_device_no_more_once_it_knows_what_is_guided(
    name: str, params: dict[str, Any]
) -> None:
    model, regularizer = net(), REGULARIZERS.build(name, **params)
    with Copies() as copies:
        batch = with_guides(mixed_batch())
        batch = batch.with_inputs(batch.inputs.detach().requires_grad_())
        assert regularizer.active(batch)
        std = torch.empty(3, device="meta")
        step = Step(model(batch.inputs), batch, torch.Generator().manual_seed(0), 0, model, std)
        regularizer.term(step).backward()
    assert copies.waiting == []


def test_which_samples_are_guided_is_read_once() -> None:
    batch = mixed_batch()
    with pytest.raises(NotImplementedError, match="meta"):
        batch.any_guided  # noqa: B018
    inputs = torch.randn(4, 3)
    guided = torch.tensor([True, False, False, True])
    batch = Batch(inputs, (Source(torch.zeros(4, dtype=torch.int64), torch.ones(4), inputs[:, :1], guided),))
    assert batch.any_guided
    again = batch.with_inputs(inputs + 1)
    assert again.guides is batch.guides
    assert again.part(torch.tensor([3, 1])).guides.tolist() == [[True, False]]


def test_what_waits_is_noticed() -> None:
    values = torch.empty(3, device="meta")
    with Copies() as copies:
        torch.ones(3).to("meta")
        values[torch.tensor([0, 1])]
    assert copies.waiting == ["_to_copy", "index"]
