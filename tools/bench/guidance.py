"""What gradient guidance costs: a training step with it, against the plain step of the same network in the same run.

    python -m provbench.tools.bench.guidance [--model tiny-cam] [--batch 32] [--size 64] [--steps 20] [--threads 1]

Prints milliseconds a step (median) and the ratio to the plain step. Steps of the variants are interleaved, so that
whatever else the machine does falls on all of them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from torch import nn

from ...registry import AUGMENTATIONS, MODELS, REGULARIZERS, Batch, classification_loss
from ...registry.contracts import double_differentiable

VARIANTS: dict[str, tuple[str | None, str | None]] = {
    "plain": (None, None),
    "cutmix": ("cutmix", None),
    "cutmix + gradient-guidance": ("cutmix", "gradient-guidance"),
    "double-backprop": (None, "double-backprop"),
    "jacobian (1 projection)": (None, "jacobian"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tiny-cam")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    options = {"weights": None, "image_size": arguments.size, "weights_dir": Path()}
    net: nn.Module = MODELS.get(arguments.model)(10, **options).to(device)
    inputs = torch.randn(arguments.batch, 3, arguments.size, arguments.size, device=device)
    batch = Batch.untouched(inputs, torch.arange(arguments.batch, device=device) % 10)
    steps = {name: _step(net, batch, *parts) for name, parts in VARIANTS.items()}
    times: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(arguments.steps + 3):
        for name, step in steps.items():
            began = time.perf_counter()
            step(number)
            if device.type == "cuda":
                torch.cuda.synchronize()
            if number >= 3:
                times[name].append(time.perf_counter() - began)
    plain = median(times["plain"])
    where = torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {arguments.threads} threads"
    print(f"{arguments.model}, batch {arguments.batch}, {arguments.size} px, {where}, {arguments.steps} steps each")
    for name, values in times.items():
        print(f"  {name:28s} {1000 * median(values):8.1f} ms   {median(values) / plain:5.2f} x plain")


def _step(net: nn.Module, batch: Batch, augmentation: str | None, regularizer: str | None) -> Callable[[int], None]:
    mixer = AUGMENTATIONS.build(augmentation) if augmentation else None
    penalty = REGULARIZERS.build(regularizer) if regularizer else None
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)

    def step(number: int) -> None:
        generator = torch.Generator().manual_seed(number)
        mixed = mixer(batch, generator, net) if mixer else batch
        if penalty is None:
            loss = classification_loss(net(mixed.inputs), mixed.sources)
        else:
            mixed = mixed.with_inputs(mixed.inputs.detach().requires_grad_())
            with double_differentiable():
                logits = net(mixed.inputs)
                loss = classification_loss(logits, mixed.sources) + penalty.penalty(logits, mixed, generator)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


if __name__ == "__main__":
    main()
