"""Trains the trunk of the mini sets' image networks on parts and scenes of the drawn world.

    python -m provbench.tools.pretraining.mini_trunk OUT.safetensors [--images 12000] [--epochs 24] [--seed 0]

The papers' networks begin with ImageNet's features; those of the mini suite begin with features of head colour, wing
colour, wing mark, beak colour, beak shape and scene, each predicted by a linear layer of its own on the pooled maps.
The birds are of species that no benchmark has, over all scenes equally often, so that the trunk knows what a part and
what a background looks like, and nothing of which species stands where. A few minutes on one core.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from provbench.benchmarks.common import BACKGROUNDS, compose, draw_background, draw_bird, species_traits, tiny_trunk
from provbench.registry.base import write_tensors

SIDE, WIDTH, BATCH = 64, 16, 64
SPECIES = range(120, 441)
"""Species of `species_traits`; the benchmarks' species have numbers below 100."""
PARTS = ("head", "wing", "wing_shape", "beak", "beak_shape")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", type=int, default=12_000)
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    images, labels, classes = drawn(options.images, options.seed)
    held_images, held_labels, _ = drawn(1_000, options.seed + 1)
    net = PartsNetwork(classes)
    train(net, images, labels, options.epochs, options.seed)
    for name, share in accuracies(net, held_images, held_labels, [*PARTS, "scene"]).items():
        print(f"{name:11s} {100 * share:5.1f} % of 1,000 other pictures")
    write_tensors(net.features.state_dict(), options.out)


class PartsNetwork(nn.Module):
    """`tiny_trunk`, mean and maximum over its maps, and a linear layer for each of the parts and the scene."""

    def __init__(self, classes: list[int]) -> None:
        super().__init__()
        self.features, channels = tiny_trunk(WIDTH)
        self.heads = nn.ModuleList(nn.Linear(2 * channels, count) for count in classes)

    def forward(self, images: Tensor) -> list[Tensor]:
        maps = self.features(images)
        pooled = torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)
        return [head(pooled) for head in self.heads]


def drawn(count: int, seed: int) -> tuple[Tensor, Tensor, list[int]]:
    """Returns pictures (N, 3, H, W) uint8, labels (N, parts and scene) and the number of each label's classes."""
    traits = {number: species_traits(number) for number in SPECIES}
    values = [sorted({getattr(one, part) for one in traits.values()}) for part in PARTS]
    images, labels = np.empty((count, 3, SIDE, SIDE), np.uint8), np.empty((count, len(PARTS) + 1), np.int64)
    for place in range(count):
        rng = np.random.default_rng([seed, place])
        number, scene = int(rng.choice(SPECIES)), place % len(BACKGROUNDS)
        bird = draw_bird(rng, number, number + 1, SIDE)
        image, _ = compose(draw_background(rng, scene, SIDE), bird)
        images[place] = image.transpose(2, 0, 1)
        parts = [found.index(getattr(traits[number], part)) for part, found in zip(PARTS, values, strict=True)]
        labels[place] = [*parts, scene]
    return torch.from_numpy(images), torch.from_numpy(labels), [*(len(found) for found in values), len(BACKGROUNDS)]


def normalised(images: Tensor) -> Tensor:
    """Returns pictures as the tasks' networks get them."""
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return (images.float() / 255 - mean.view(3, 1, 1)) / std.view(3, 1, 1)


def train(net: PartsNetwork, images: Tensor, labels: Tensor, epochs: int, seed: int) -> None:
    steps = epochs * (len(images) // BATCH)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    generator, began = torch.Generator().manual_seed(seed), time.monotonic()
    for epoch in range(epochs):
        losses = []
        for places in torch.randperm(len(images), generator=generator).split(BATCH)[: len(images) // BATCH]:
            batch = normalised(images[places])
            if torch.rand((), generator=generator) < 0.5:
                batch = batch.flip(3)
            loss = sum_of_losses(net(batch), labels[places])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        left = (time.monotonic() - began) / (epoch + 1) * (epochs - epoch - 1)
        print(f"epoch {epoch + 1}/{epochs}: loss {np.mean(losses):.3f}, {left:.0f} s left", flush=True)


def sum_of_losses(outputs: list[Tensor], labels: Tensor) -> Tensor:
    losses = [nn.functional.cross_entropy(logits, labels[:, place]) for place, logits in enumerate(outputs)]
    return torch.stack(losses).sum()


@torch.no_grad()
def accuracies(net: PartsNetwork, images: Tensor, labels: Tensor, names: list[str]) -> dict[str, float]:
    outputs = net(normalised(images))
    return {
        name: float((logits.argmax(dim=1) == labels[:, place]).float().mean())
        for place, (name, logits) in enumerate(zip(names, outputs, strict=True))
    }


if __name__ == "__main__":
    main()
