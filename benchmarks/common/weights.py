"""Pretrained weights of networks: which network reads which, and torchvision's files.

No run downloads any. Files lie in the data root or in torch's own cache, the folder `hub/checkpoints` of `TORCH_HOME`,
as for every program that uses `torch.hub`.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provbench.registry import weights_of
from provbench.registry.base import (
    CLIP_FILES,
    HOW_TO_FETCH,
    TIMM_FILES,
    Files,
    HubWeights,
    MissingDataError,
    Pretrained,
    Shipped,
    UnknownNameError,
    UserError,
    make_folder,
    write_errors,
)

from .shipped import FILE as MINI_WORLD_FILE, MINI_WORLD

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
ADDRESS = "https://download.pytorch.org/models/"
"""Beginning of torchvision's own addresses of those files."""
OTHERWISE = ", or set weights to null for random ones"


@dataclass(frozen=True)
class TorchFile(Pretrained):
    """A file of torchvision's weights, in the data root or in torch's cache. model: the network that reads it."""

    model: str
    weights: str
    file: str
    weights_dir: Path | None
    library: str = "torchvision"

    @property
    def identity(self) -> str:
        return self.file

    @property
    def revision(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Returns the beginning of the file's SHA-256, which its name tells."""
        return _hash_in(self.file)

    @property
    def origin(self) -> str:
        return ADDRESS + self.file

    def places(self) -> list[str]:
        own = [] if self.weights_dir is None else [str(self.weights_dir)]
        return [*own, f"torch's cache {torch_cache()} (TORCH_HOME)"]

    def find(self) -> Path | None:
        return _found(self.file, self.weights_dir)

    def problems(self) -> list[str]:
        if self.find():
            return []
        first, *others = self.places()
        nor = f", nor in {others[0]}" if others else ""
        return [
            f"{Path(first) / self.file if others else self.file}: no such weights ({self.weights} of {self.model}, "
            f"{self.facts.words}){nor}: {HOW_TO_FETCH}; or put torchvision's file there{OTHERWISE}"
        ]

    def fetch(self, *, bars: bool = True) -> None:
        from torch.hub import download_url_to_file

        target = torch_cache() / self.file
        make_folder(target.parent)
        try:
            with write_errors(target):
                download_url_to_file(self.origin, str(target), self.revision or None, bars)
        except (OSError, RuntimeError, ValueError) as error:
            raise UserError(
                f"{self.origin}: could not be fetched ({type(error).__name__}: {error}); where there is no "
                f"network, bring the file to {target}"
            ) from error


def torchvision_weights_of(model: str, weights: str, weights_dir: Path | None) -> list[Pretrained]:
    """Returns the file that a network in `TRUNKS` reads; [] for weights that are not in `FILES`."""
    file = FILES.get((TRUNKS[model], weights))
    return [] if file is None else [TorchFile(model, weights, file, weights_dir)]


def hub_weights_of(model: str, weights: str, weights_dir: Path | None) -> list[Pretrained]:
    """Returns the repository that a network in `HUB_MODELS` reads."""
    files = HUB_MODELS[model]
    library = "timm" if files is TIMM_FILES else "transformers"
    return [HubWeights(weights, files, weights_dir, library, f"weights of {model}: ", OTHERWISE)]


def shipped_weights_of(model: str, weights: str, weights_dir: Path | None) -> list[Pretrained]:
    """Returns the weights of the small networks, which come with provbench."""
    return [Shipped(weights, MINI_WORLD_FILE)] if weights == MINI_WORLD else []


def missing_weights(model: str, weights: str | None, weights_dir: Path) -> list[str]:
    """Returns a message where the weights of a network are known and cannot be found; else []."""
    return [problem for one in weights_of(model, weights, weights_dir) for problem in one.problems()]


def torch_cache() -> Path:
    """Returns the folder of weight files of `torch.hub`, without importing torch."""
    home = os.environ.get("TORCH_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "torch"
    return Path(home).expanduser() / "hub" / "checkpoints"


def _found(name: str, weights_dir: Path | None) -> Path | None:
    folders = [torch_cache()] if weights_dir is None else [weights_dir, torch_cache()]
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


def _hash_in(name: str) -> str:
    """Returns the beginning of a file's SHA-256 that its name tells; "" where it tells none."""
    found = re.search(r"-([0-9a-f]{8,64})\.pth$", name)
    return found[1] if found else ""


def torchvision_weights(name: str, weights: str, weights_dir: Path) -> dict[str, Tensor]:
    """The state dict of torchvision's model `name` with its weights `weights`, such as `resnet50`, `IMAGENET1K_V1`.

    Raises as `weights_file` does.
    """
    from provbench.registry.base import read_checkpoint

    file = weights_file(name, weights, weights_dir, otherwise=OTHERWISE)
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
    begins = _hash_in(file.name)
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if not digest.startswith(begins):
        raise UserError(f"{file}: its SHA-256 must begin with {begins} (got {digest[:8]}): download {url} again")
