"""Pretrained weights of torchvision's models, from the data root or torch's own cache; nothing is downloaded.

The cache is the folder `hub/checkpoints` of `TORCH_HOME`, as for every program that uses `torch.hub`.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from provbench.registry.base import (
    CLIP_FILES,
    TIMM_FILES,
    Files,
    MissingDataError,
    UnknownNameError,
    UserError,
    hub_folder,
)

from .packaged import PACKAGED, missing_packaged

if TYPE_CHECKING:
    from torch import Tensor


FILES = {
    ("resnet18", "IMAGENET1K_V1"): "resnet18-f37072fd.pth",
    ("vgg16", "IMAGENET1K_V1"): "vgg16-397923af.pth",
    ("resnet50", "IMAGENET1K_V1"): "resnet50-0676ba61.pth",
    ("resnet50", "IMAGENET1K_V2"): "resnet50-11ad3fa6.pth",
}
"""Names of torchvision's weight files, which torchvision itself tells only where torch is imported."""
HUB_MODELS: dict[str, Files] = {
    "clip-vit-b16": CLIP_FILES,
    "deit-s": TIMM_FILES,
    "mae-vit-b16": TIMM_FILES,
    "sat": TIMM_FILES,
}
"""Built-in models whose weights lie on the Hugging Face Hub, and the files of a repository that they read."""
TRUNKS = {"vgg16-cam": "vgg16", "resnet50-cam": "resnet50", "resnet18": "resnet18", "resnet50": "resnet50"}
"""Built-in models by the torchvision model whose weights they read."""
SIZES = {"resnet18": 45, "resnet50": 98, "vgg16": 528}
"""The size of their weight files in MB."""


def missing_weights(model: str, weights: str | None, weights_dir: Path) -> list[str]:
    """A message where the weights of a built-in model are known and cannot be found; else nothing."""
    if weights is not None and model in PACKAGED:
        return missing_packaged(model, weights, weights_dir)
    if weights is not None and model in HUB_MODELS:
        return _missing_in_hub(model, weights, weights_dir)
    trunk = TRUNKS.get(model, "")
    name = FILES.get((trunk, weights or ""))
    if name is None or _found(name, weights_dir):
        return []
    return [
        f"{weights_dir / name}: no such weights ({weights} of {model}, {SIZES[trunk]} MB), nor in torch's cache "
        f"{torch_cache()} (TORCH_HOME): put torchvision's file {name} into one of them, or set weights to null for "
        "random ones"
    ]


def _missing_in_hub(model: str, weights: str, weights_dir: Path) -> list[str]:
    try:
        hub_folder(weights, HUB_MODELS[model], weights_dir, otherwise=", or set weights to null for random ones")
    except MissingDataError as error:
        return [f"weights of {model}: {error}"]
    return []


def torch_cache() -> Path:
    """Returns the folder of weight files of `torch.hub`, without importing torch."""
    home = os.environ.get("TORCH_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "torch"
    return Path(home).expanduser() / "hub" / "checkpoints"


def _found(name: str, weights_dir: Path) -> Path | None:
    return next((folder / name for folder in (weights_dir, torch_cache()) if (folder / name).is_file()), None)


def torchvision_weights(name: str, weights: str, weights_dir: Path) -> dict[str, Tensor]:
    """The state dict of torchvision's model `name` with its weights `weights`, such as `resnet50`, `IMAGENET1K_V1`.

    Raises as `weights_file` does.
    """
    from provbench.registry.base import read_checkpoint

    file = weights_file(name, weights, weights_dir, otherwise=", or set weights to null for random ones")
    return read_checkpoint(file)


def weights_file(name: str, weights: str, weights_dir: Path, *, otherwise: str = "") -> Path:
    """The file of torchvision's weights, looked for under torchvision's own name in `weights_dir` and torch's cache.

    The last part of that name begins the file's SHA-256. Raises `UnknownNameError` for weights that torchvision does
    not have, `MissingDataError` that says what to download and where to put it, and what to do `otherwise`, and
    `UserError` for a file that is damaged.
    """
    from torchvision.models import get_model_weights

    known = get_model_weights(name).__members__
    if weights not in known:
        raise UnknownNameError(f"weights of {name}", weights, known)
    url = known[weights].url
    name = url.rpartition("/")[2]
    file = _found(name, weights_dir)
    if file is None:
        raise MissingDataError(f"{weights_dir / name}: no such file. Download {url} to it{otherwise}.")
    _check_hash(file, url)
    return file


def _check_hash(file: Path, url: str) -> None:
    found = re.search(r"-([0-9a-f]{8,64})\.pth$", file.name)
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if found and not digest.startswith(found[1]):
        raise UserError(f"{file}: its SHA-256 must begin with {found[1]} (got {digest[:8]}): download {url} again")
