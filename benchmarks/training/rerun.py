"""The network once more within a training step, on other inputs, as if it had not been."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase


class Rerun:
    """Runs a network again with the random draws of the pass that follows the construction of this object.

    Construct it directly before a pass; each call then draws the same dropout as that pass, for a batch of its size,
    and leaves the normalisation statistics and the global generators as they were.
    """

    def __init__(self, net: nn.Module, device: torch.device) -> None:
        self.net = net
        self.devices = [device] if device.type == "cuda" else []
        self.states = [torch.get_rng_state(), *(torch.cuda.get_rng_state(one) for one in self.devices)]

    def __call__(self, inputs: Tensor) -> Tensor:
        with torch.random.fork_rng(self.devices), frozen_statistics(self.net):
            torch.set_rng_state(self.states[0])
            for device, state in zip(self.devices, self.states[1:], strict=True):
                torch.cuda.set_rng_state(state, device)
            return self.net(inputs)


def samples_interact(net: nn.Module) -> bool:
    """Returns whether a sample's logits depend on the others of its batch: by batch normalisation in training."""
    return any(isinstance(layer, _BatchNorm) and layer.training for layer in net.modules())


@contextmanager
def frozen_statistics(net: nn.Module) -> Iterator[None]:
    """Normalisation layers use what they use, but take no notice of it in their running statistics."""
    layers = [layer for layer in net.modules() if isinstance(layer, _NormBase) and layer.track_running_stats]
    kept = [(layer.momentum, layer.num_batches_tracked) for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
        layer.num_batches_tracked = None
    try:
        yield
    finally:
        for layer, (momentum, counter) in zip(layers, kept, strict=True):
            layer.momentum, layer.num_batches_tracked = momentum, counter
