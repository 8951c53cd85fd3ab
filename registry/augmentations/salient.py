"""Places that count in an image: by the network's gradient, by its features, or by the image's own contrasts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..base import functional, torch
from ..contracts import Batch
from ..losses import classification_loss
from ..models import FeatureNetwork

if TYPE_CHECKING:
    from torch import Tensor

HALF_WIDTHS = (12, 24, 28, 48, 56, 112)
"""Half the sides of the surroundings that `fine_grained` compares with, in images whose longer side is 224."""


@contextmanager
def evaluating(model: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """A `torch.nn.Module` is in evaluation mode meanwhile, so that batch-norm statistics see each batch once and
    dropout hides nothing; other functions are left alone.
    """
    training = [part for part in model.modules() if part.training] if isinstance(model, torch.nn.Module) else []
    for part in training:
        part.training = False
    try:
        yield
    finally:
        for part in training:
            part.training = True


def saliency(batch: Batch, model: Callable[[Tensor], Tensor]) -> Tensor:
    """(B, H, W): the root mean square over the channels of the classification loss's input gradient.

    Differentiates by the inputs alone, so that no parameter gains a gradient, with the model in evaluation mode.
    """
    with torch.enable_grad(), evaluating(model):
        inputs = batch.inputs.detach().clone().requires_grad_()
        loss = classification_loss(model(inputs).float(), batch.sources)
        (gradient,) = torch.autograd.grad(loss, inputs)
    return gradient.float().square().mean(dim=1).sqrt()


def attention(batch: Batch, model: Callable[[Tensor], Tensor]) -> Tensor:
    """(B, h, w): the sum over the channels of the network's last features, or `saliency` where it shows none."""
    if not isinstance(model, FeatureNetwork):
        return saliency(batch, model)
    with torch.no_grad(), evaluating(model):
        return model.feature_maps(batch.inputs).float().sum(dim=1)


def fine_grained(images: Tensor) -> Tensor:
    """(B, H, W): how much the mean of the channels differs from that of the surroundings, brighter or darker.

    images: (B, C, H, W), of any scale. The differences to square surroundings of six sizes (the pixel itself left out)
    are added up, those of brighter and of darker pixels apart; each of both is divided by its maximum, and added.
    Surroundings end at the border of the image; their sizes scale with it.

    Source: Montabone & Soto, "Human detection using a mobile platform and novel features derived from a visual saliency
    mechanism" (Image and Vision Computing, 2010), the section on fine-grained saliency.
    """
    grey = images.float().mean(dim=1, keepdim=True)
    brighter = darker = torch.zeros_like(grey)
    for half in sorted({max(1, round(width * max(grey.shape[2:]) / 224)) for width in HALF_WIDTHS}):
        difference = grey - surroundings(grey, half)
        brighter, darker = brighter + difference.clamp(min=0), darker + (-difference).clamp(min=0)
    return (_to_one(brighter) + _to_one(darker)).squeeze(1)


def surroundings(grey: Tensor, half: int) -> Tensor:
    """(B, 1, H, W): the mean of the pixels at most `half` away along each axis, without the pixel itself."""
    height, width = grey.shape[2:]
    rows, columns = min(half, height - 1), min(half, width - 1)
    side = (2 * rows + 1, 2 * columns + 1)
    count = functional.avg_pool2d(torch.ones_like(grey[:1]), side, 1, (rows, columns)) * (side[0] * side[1])
    total = functional.avg_pool2d(grey, side, 1, (rows, columns)) * (side[0] * side[1])
    return torch.where(count > 1.5, (total - grey) / (count - 1).clamp(min=1), grey)


def _to_one(values: Tensor) -> Tensor:
    peak = values.amax(dim=(1, 2, 3), keepdim=True)
    return values / torch.where(peak > 0, peak, 1)
