"""The share of penalties in the parameter gradient: it is measured, and weights are calibrated to one."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn

from provbench.registry import Regularizer

from .distributed import ranks

SHARE = "share_"
"""Begins the names of the shares in a curve, in percent."""

LOSS = ""
"""Name of the classification loss among the norms."""


class Strengths(nn.Module):
    """Weighs the penalties of each step, and notes how their parameter gradients compare with the loss's.

    The share of a penalty is the norm of its parameter gradient, its weight included, as a part of the norm of the
    classification loss's, on steps that are penalised; a penalty on every k-th step, with k times the weight, counts a
    k-th. It is measured on the first penalised step from each multiple of `every` on within an epoch (several ranks,
    which are not all penalised at the same steps, measure at these multiples only), as the ratio of the sums of both
    norms, by two backward passes more on such a step; the gradient that is trained with is left as it is.

    A weight that is a share is calibrated on the first penalised steps: at each of them, to what the sums of the norms
    so far say; after the last it stays. The sums are buffers, and so part of what an interrupted run resumes from.

    parameters: of the network. every: 0 measures nothing.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], regularizers: Sequence[Regularizer], every: int) -> None:
        super().__init__()
        self._parameters_of_net = list(parameters)
        self.every = every
        self._regularizers = {one.name: one for one in regularizers}
        self.targets = {one.name: one.calibration for one in regularizers if one.calibration is not None}
        for name in self.targets:
            self.register_buffer(_sums(name), torch.zeros(3, dtype=torch.float64))
        self._counts: dict[str, int] | None = None
        self.start_epoch(0)

    def start_epoch(self, step: int) -> None:
        """Begins new sums of shares. step: the number of the epoch's first step."""
        self._measured: dict[str, Tensor] = {}
        self._next: dict[str, int] = {}
        self._first = -(-step // self.every) * self.every if self.every else 0

    def forward(self, number: int, loss: Tensor, terms: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Returns the terms of step `number` with their weights. terms: by the names of the active regularizers."""
        measured, calibrated = self._due(number, terms), self._to_calibrate(number, terms)
        norms = self._norms(loss, terms, [name for name in self._regularizers if name in measured | calibrated])
        for name in calibrated:
            self._calibrate(name, norms[LOSS], norms[name])
        for name in measured & norms.keys():
            both = torch.stack([norms[LOSS] * (norms[name] > 0), norms[name] * self.weight(name)])
            self._measured[name] = self._measured.get(name, 0) + both
            self._next[name] = (number // self.every + 1) * self.every
        weights = {name: self.weight(name) for name in terms if name in self.targets}
        return {name: term * weights[name].to(term.dtype) if name in weights else term for name, term in terms.items()}

    def weight(self, name: str) -> Tensor:
        """Returns the calibrated weight of a penalty, 1 for others. It is 0 where no gradient was found so far."""
        if name not in self.targets:
            return torch.ones((), dtype=torch.float64)
        own, penalty, _ = self.get_buffer(_sums(name)).unbind()
        return torch.where(penalty > 0, self.targets[name].share * own / penalty.clamp(min=1e-300), 0)

    def weights(self) -> dict[str, float]:
        """Returns the calibrated weights by the names of the regularizers."""
        return {name: float(self.weight(name)) for name in self.targets}

    def is_fixed(self, name: str) -> bool:
        """Returns whether the weight of a penalty will not change any more."""
        return name not in self._calibrating()

    def shares(self) -> dict[str, float]:
        """Returns the shares of the epoch so far in percent, by the names that they have in a curve."""
        sums = {name: both.tolist() for name, both in self._measured.items()}
        return {SHARE + name: 100 * penalty / own for name, (own, penalty) in sums.items() if own > 0}

    def _due(self, number: int, terms: Mapping[str, Tensor]) -> set[str]:
        """Returns the names of the penalties to measure at a step, the same in all ranks."""
        measurable = {name for name, one in self._regularizers.items() if not one.replaces_loss and one.due(number)}
        if not self.every:
            return set()
        if ranks() > 1:
            return measurable if number % self.every == 0 else set()
        return {name for name in measurable & terms.keys() if number >= self._next.get(name, self._first)}

    def _to_calibrate(self, number: int, terms: Mapping[str, Tensor]) -> set[str]:
        """Returns the names of the penalties whose weights a step goes into, the same in all ranks."""
        found = {name for name in self._calibrating() if self._regularizers[name].due(number)}
        return found if ranks() > 1 else found & terms.keys()

    def _norms(self, loss: Tensor, terms: Mapping[str, Tensor], names: Sequence[str]) -> dict[str, Tensor]:
        """Returns the norms of the parameter gradients by name, for a lazy penalty divided by its period; none where a
        network, such as a compiled one, allows one backward pass only.
        """
        if not names:
            return {}
        try:
            own = {LOSS: self._norm(loss)}
            return own | {name: self._norm(terms.get(name)) / self._regularizers[name].period for name in names}
        except RuntimeError as error:
            if self._calibrating() & set(names) or ranks() > 1:
                raise
            warnings.warn(f"the penalties' share of the gradient cannot be measured: {error}", stacklevel=2)
            self.every = 0
            return {}

    def _norm(self, value: Tensor | None) -> Tensor:
        """Returns the norm of the parameter gradient, the mean over the ranks; of None, which this rank adds nothing
        to, it is that of the others."""
        wanted = [one for one in self._parameters_of_net if one.requires_grad]
        found = (
            [None] * len(wanted)
            if value is None or not value.requires_grad
            else torch.autograd.grad(value, wanted, retain_graph=True, allow_unused=True)
        )
        gradients = [torch.zeros_like(own) if one is None else one for one, own in zip(found, wanted, strict=True)]
        if ranks() > 1:
            whole = torch.cat([one.flatten() for one in gradients])
            all_reduce(whole, "mean")
            return whole.norm().double()
        return torch.stack([one.norm().double() for one in gradients]).norm()

    def _calibrating(self) -> set[str]:
        """Returns the names of the penalties whose weights are not fixed yet."""
        if self._counts is None:
            self._counts = {name: int(self.get_buffer(_sums(name))[2]) for name in self.targets}
        return {name for name, share in self.targets.items() if self._counts[name] < share.steps}

    def _calibrate(self, name: str, own: Tensor, penalty: Tensor) -> None:
        """Takes a step's norms into the sums of a penalty; a step on which no rank is penalised adds nothing."""
        counts = penalty > 0 if ranks() > 1 else torch.ones_like(own)
        sums = self.get_buffer(_sums(name)) + torch.stack([own * counts, penalty, counts.double()])
        setattr(self, _sums(name), sums)
        assert self._counts is not None
        self._counts[name] = int(sums[2]) if ranks() > 1 else self._counts[name] + 1

    def _load_from_state_dict(self, *arguments: Any, **options: Any) -> None:
        super()._load_from_state_dict(*arguments, **options)
        self._counts = None


def _sums(name: str) -> str:
    """Returns the name of the buffer with the sums of both norms and the number of steps."""
    return f"sums of {name}"
