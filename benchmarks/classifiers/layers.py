"""The layers of a vision transformer: how fast each learns, and which parameters do not decay."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING

from provbench.registry import ParameterGroup

if TYPE_CHECKING:
    from torch import nn

_BLOCK = re.compile(r"(?:^|\.)blocks\.(\d+)\.")


def layered_groups(
    network: nn.Module, depth: int, layer_decay: float, embeddings: Collection[str]
) -> list[ParameterGroup]:
    """Returns the parameters of a transformer by layer. depth: the number of its blocks.

    embeddings: names, without their prefix, of the parameters below the first block that do not decay; everything
    there (the patch embedding too) is layer 0, block i is layer i + 1, and what comes after the blocks is layer
    depth + 1. Layer n learns `layer_decay ** (depth + 1 - n)` times as fast. Vectors and embeddings do not decay.

    Source: He et al., "Masked Autoencoders Are Scalable Vision Learners" (CVPR 2022), appendix A.1, after Clark et al.,
    "ELECTRA" (ICLR 2020).
    """
    members: dict[tuple[int, bool], list[nn.Parameter]] = defaultdict(list)
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            key = layer_of(name, depth, embeddings), not undecayed(name, parameter, embeddings)
            members[key].append(parameter)
    return [
        ParameterGroup(parameters, layer_decay ** (depth + 1 - layer), decays)
        for (layer, decays), parameters in sorted(members.items(), key=lambda item: item[0])
    ]


def layer_of(name: str, depth: int, embeddings: Collection[str]) -> int:
    """Returns the layer of a parameter by its name, from 0 to depth + 1."""
    if found := _BLOCK.search(name):
        return int(found[1]) + 1
    return 0 if "patch_embed." in name or name.rpartition(".")[2] in embeddings else depth + 1


def undecayed(name: str, parameter: nn.Parameter, embeddings: Collection[str]) -> bool:
    """Returns whether weight decay leaves a parameter out: biases, the scales of normalisations, and embeddings."""
    return parameter.ndim <= 1 or name.rpartition(".")[2] in embeddings
