"""Pretrained weights of torchvision's models, read from a local folder: nothing is downloaded unasked."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from provbench.registry.base import MissingDataError, UnknownNameError, UserError

if TYPE_CHECKING:
    from torch import Tensor


FILES = {
    ("vgg16", "IMAGENET1K_V1"): "vgg16-397923af.pth",
    ("resnet50", "IMAGENET1K_V1"): "resnet50-0676ba61.pth",
    ("resnet50", "IMAGENET1K_V2"): "resnet50-11ad3fa6.pth",
}
"""Names of torchvision's weight files, which torchvision itself tells only where torch is imported."""
TRUNKS = {"vgg16-cam": "vgg16", "resnet50-cam": "resnet50", "resnet50": "resnet50"}
"""Built-in models by the torchvision model whose weights they read."""


def missing_weights(model: str, weights: str | None, weights_dir: Path) -> list[str]:
    """A message where the weight file of a built-in model is known and not in `weights_dir`; else nothing."""
    name = FILES.get((TRUNKS.get(model, ""), weights or ""))
    if name is None or (weights_dir / name).is_file():
        return []
    return [
        f"{weights_dir / name}: no such weights ({weights} of {model}): put torchvision's file {name} there, or set "
        "weights to null for random ones"
    ]


def torchvision_weights(name: str, weights: str, weights_dir: Path) -> dict[str, Tensor]:
    """The state dict of torchvision's model `name` with its weights `weights`, such as `resnet50`, `IMAGENET1K_V1`.

    Raises as `weights_file` does.
    """
    from provbench.registry.base import read_checkpoint

    file = weights_file(name, weights, weights_dir, otherwise=", or set weights to null for random ones")
    return read_checkpoint(file)


def weights_file(name: str, weights: str, weights_dir: Path, *, otherwise: str = "") -> Path:
    """The file of torchvision's weights, looked for in `weights_dir` under torchvision's own name.

    The last part of that name begins the file's SHA-256. Raises `UnknownNameError` for weights that torchvision does
    not have, `MissingDataError` that says what to download and where to put it, and what to do `otherwise`, and
    `UserError` for a file that is damaged.
    """
    from torchvision.models import get_model_weights

    known = get_model_weights(name).__members__
    if weights not in known:
        raise UnknownNameError(f"weights of {name}", weights, known)
    url = known[weights].url
    file = weights_dir / url.rpartition("/")[2]
    if not file.is_file():
        raise MissingDataError(f"{file}: no such file. Download {url} to it{otherwise}.")
    _check_hash(file, url)
    return file


def _check_hash(file: Path, url: str) -> None:
    found = re.search(r"-([0-9a-f]{8,64})\.pth$", file.name)
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if found and not digest.startswith(found[1]):
        raise UserError(f"{file}: its SHA-256 must begin with {found[1]} (got {digest[:8]}): download {url} again")
