"""Pretrained weights of the Hugging Face Hub, from a local folder or the library's own cache; nothing is downloaded.

The cache is where `HF_HUB_CACHE`, else `HF_HOME`, else `XDG_CACHE_HOME` put it, as for every program that uses the hub.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import MissingDataError
from .hub_download import download_from_hub
from .pretrained import Pretrained
from .weight_facts import weight_facts

Files = Sequence[Sequence[str]]
"""Groups of file names: one of each group must be there."""

CHECKPOINTS = ("model.safetensors", "pytorch_model.bin")
TIMM_FILES: Files = (CHECKPOINTS,)
CLIP_FILES: Files = (("config.json",), CHECKPOINTS, ("tokenizer.json", "vocab.json"))
CONFIGURATION = ("*.json", "*.txt")
"""Patterns of what is downloaded beside a checkpoint."""

MODELS_FOLDER = "PROVBENCH_MODELS"
"""Environment variable that names a folder of models, each in `OWNER/NAME`."""


def own_models_folder(repository: str) -> Path | None:
    """Returns the folder of a repository in the user's own folder of models; None where no such folder is named."""
    named = os.environ.get(MODELS_FOLDER)
    return Path(named, repository) if named else None


def hub_folder(repository: str, files: Files, weights_dir: Path | None = None, *, otherwise: str = "") -> Path:
    """Returns the folder that has the files of a repository: in `weights_dir`, in the folder that `PROVBENCH_MODELS`
    names, each under the repository's name, or in the cache.

    Raises `MissingDataError` that says what to get, its size, where it may be put, and what to do `otherwise`.
    """
    from huggingface_hub import try_to_load_from_cache

    places = _own_folders(repository, weights_dir)
    for own in places:
        if own.is_dir():
            if lacking := _lacking(own, files):
                raise MissingDataError(f"{own}: lacks {lacking}. {_remedy(repository, files, own)}{otherwise}.")
            return own
    found = [try_to_load_from_cache(repository, name) for name in files[-1]]
    folders = [Path(path).parent for path in found if isinstance(path, str)]
    if folders and not _lacking(folders[0], files):
        return folders[0]
    looked = ", ".join(map(str, places)) or f"the folder {MODELS_FOLDER}"
    raise MissingDataError(
        f"{repository}: no such weights in {looked}, nor whole in {hub_cache()}. "
        + f"{_remedy(repository, files, places[0] if places else Path(f'${MODELS_FOLDER}') / repository)}{otherwise}."
    )


def hub_file(repository: str, files: Files, weights_dir: Path | None = None, *, otherwise: str = "") -> Path:
    """Returns the checkpoint of a repository. Raises as `hub_folder`."""
    folder = hub_folder(repository, files, weights_dir, otherwise=otherwise)
    return next(folder / name for name in CHECKPOINTS if (folder / name).is_file())


@dataclass(frozen=True)
class HubWeights(Pretrained):
    """Weights of a repository of the hub that `hub_folder` finds. what: begins messages, such as `weights of sat: `."""

    repository: str
    files: Files
    weights_dir: Path | None = None
    library: str = "transformers"
    what: str = ""
    otherwise: str = ""

    @property
    def identity(self) -> str:
        return self.repository

    def places(self) -> list[str]:
        return [*map(str, _own_folders(self.repository, self.weights_dir)), hub_cache()]

    def find(self) -> Path | None:
        try:
            return hub_folder(self.repository, self.files, self.weights_dir)
        except MissingDataError:
            return None

    def problems(self) -> list[str]:
        try:
            hub_folder(self.repository, self.files, self.weights_dir, otherwise=self.otherwise)
        except MissingDataError as error:
            return [f"{self.what}{error}"]
        return []

    def fetch(self, *, bars: bool = True) -> None:
        preferred, *others = CHECKPOINTS
        folder = download_from_hub(self.repository, self.revision, (*CONFIGURATION, preferred), bars=bars)
        if not (folder / preferred).is_file():  # an old repository, without safetensors
            download_from_hub(self.repository, self.revision, others, bars=bars)
        self.require()


def hub_cache() -> str:
    """Returns the folder of the hub's cache, with what chooses it, in words."""
    from huggingface_hub import constants

    return f"the Hugging Face cache {constants.HF_HUB_CACHE} (HF_HUB_CACHE)"


@contextmanager
def without_progress_bars() -> Iterator[None]:
    """transformers draws no bars while the body loads a model."""
    from transformers.utils import logging

    drawn = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if drawn:
            logging.enable_progress_bar()


def _own_folders(repository: str, weights_dir: Path | None) -> list[Path]:
    folders = (weights_dir / repository if weights_dir is not None else None, own_models_folder(repository))
    return [folder for folder in folders if folder is not None]


def _lacking(folder: Path, files: Files) -> str:
    groups = [group for group in files if not any((folder / name).is_file() for name in group)]
    return ", ".join(" or ".join(group) for group in groups)


def _remedy(repository: str, files: Files, own: Path) -> str:
    size = f" ({weight_facts(repository).words})" if weight_facts(repository).size else ""
    names = ", ".join(" or ".join(group) for group in files)
    return (
        f"`provbench data weights SUITE --download` or `hf download {repository}` fetches them{size}; or put the files "
        f"({names}) into {own}"
    )
