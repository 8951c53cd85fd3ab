"""The scalars that are differentiated: one number for each sample and label, computed from the logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ...base import functional, torch
from ...contracts import in_fp32, on_device

if TYPE_CHECKING:
    from torch import Generator, Tensor

ScalarKind = Literal["logit", "log-probability", "margin", "all-logits"]


def scalar_of(logits: Tensor, labels: Tensor, kind: ScalarKind, generator: Generator | None = None) -> Tensor:
    """Returns the scalar of each sample, (B,), with the graph of `logits`.

    logits: (B, K). labels: (B,) int64.
    - `logit`: the label's own logit, as the provenance paper has it. The other logits are free to use anything.
    - `log-probability`: log softmax of the label.
    - `margin`: the label's logit minus log Σ exp of all others. It closes the way round the penalty that a network of
      few classes has: to read the evidence for a class from the other classes' logits.
    - `all-logits`: Σ of all logits with random signs, whose squared gradient has the sum of all logits' squared
      gradients as its expectation. generator (CPU) draws the signs; torch's global one by default.
    """
    if kind == "all-logits":
        signs = on_device(torch.randint(2, logits.shape, generator=generator), logits) * 2 - 1
        return (logits * signs).sum(dim=1)
    place = labels[:, None]
    if kind == "log-probability":
        return functional.log_softmax(in_fp32(logits), dim=1).gather(1, place).squeeze(1)
    own = logits.gather(1, place).squeeze(1)
    if kind == "logit":
        return own
    others = in_fp32(logits).scatter(1, place, -torch.inf)
    return in_fp32(own) - others.logsumexp(dim=1)
