"""Looking at what a trained model does with single samples, without changing it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import torch

from provbench.registry import double_differentiable, input_gradient

from ..training import Preprocessor, collate

if TYPE_CHECKING:
    from torch import Tensor, nn


class Predictor(Protocol):
    """Protocol of what pictures need of every task; `Task` describes its members."""

    @property
    def normalization(self) -> tuple[Sequence[float], Sequence[float]]: ...

    def eval_data(self, split: Literal["val", "test"]) -> Any: ...

    def predict(self, model: nn.Module, inputs: Tensor, labels: Tensor) -> list[dict[str, Any]]: ...


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """The model in eval mode, and each of its modules back in its own mode afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def spread(strata: Sequence[int], count: int) -> list[int]:
    """Up to `count` places of samples, evenly spread over them; the same for everyone who asks.

    strata: a number for each sample, such as its class. The samples are ordered by it, so that every stratum gets its
    share whatever their order in the files.
    """
    order = np.argsort(np.asarray(strata), kind="stable")
    return [int(order[place]) for place in middles(len(order), count)]


def middles(length: int, count: int) -> list[int]:
    """The places in the middles of `count` equal parts of so many; every place if there are no more."""
    parts = min(count, length)
    return [(2 * part + 1) * length // (2 * parts) for part in range(parts)]


def as_batch(task: Predictor, model: nn.Module, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Items of an evaluation set as the model is given them, normalised and on its device: `inputs`, `labels`, …"""
    device = next(model.parameters()).device
    return Preprocessor(*task.normalization).to(device)(collate(items))


def predictions(
    task: Predictor, model: nn.Module, data: Any, places: Sequence[int], batch_size: int = 32
) -> list[dict[str, Any]]:
    """Returns the predictions of `task.predict` for the samples at these places of an evaluation set."""
    rows: list[dict[str, Any]] = []
    with evaluating(model), torch.no_grad():
        for start in range(0, len(places), batch_size):
            batch = as_batch(task, model, [data[place] for place in places[start : start + batch_size]])
            rows += task.predict(model, batch["inputs"], batch["labels"])
    return rows


def class_gradient(task: Predictor, model: nn.Module, item: dict[str, Any]) -> np.ndarray:
    """(*spatial) float32: ‖∂ logit[label] / ∂ input‖ over the channels of each input element, of one sample.

    Of the true label's logit and in the model's normalised input space, in FP32, as the regularizers see it.
    """
    batch = as_batch(task, model, [item])
    inputs: Tensor = batch["inputs"]
    with evaluating(model), torch.enable_grad(), double_differentiable():
        inputs = inputs.detach().requires_grad_()
        logits: Tensor = model(inputs)
        gradient = input_gradient(logits[0, batch["labels"][0]], inputs).detach()
    return gradient[0].norm(dim=0).float().cpu().numpy()


def energy_inside(magnitudes: np.ndarray, region: np.ndarray) -> float:
    """Share in [0, 1] of the squared magnitudes (H, W) that lies in a region (H, W) in [0, 1]; NaN if all are 0."""
    energy = np.square(magnitudes, dtype=np.float64)
    total = energy.sum()
    return float((energy * region).sum() / total) if total > 0 else float("nan")
