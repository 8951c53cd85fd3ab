"""Pretrained weights of the Hugging Face Hub, from a local folder or the library's own cache; nothing is downloaded.

The cache is where `HF_HUB_CACHE`, else `HF_HOME`, else `XDG_CACHE_HOME` put it, as for every program that uses the hub.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from .errors import MissingDataError

Files = Sequence[Sequence[str]]
"""Groups of file names: one of each group must be there."""

CHECKPOINTS = ("model.safetensors", "pytorch_model.bin")
TIMM_FILES: Files = (CHECKPOINTS,)
CLIP_FILES: Files = (("config.json",), CHECKPOINTS, ("tokenizer.json", "vocab.json"))

SIZES: Mapping[str, int] = {
    "openai/clip-vit-base-patch16": 600,
    "timm/deit_small_patch16_224.fb_in1k": 88,
    "timm/vit_base_patch16_224.mae": 343,
}
"""The checkpoints that the built-in models read, by repository, in MB."""


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
    from huggingface_hub import constants, try_to_load_from_cache

    own_folders = (weights_dir / repository if weights_dir is not None else None, own_models_folder(repository))
    places = [place for place in own_folders if place is not None]
    for own in places:
        if own.is_dir():
            if lacking := _lacking(own, files):
                raise MissingDataError(f"{own}: lacks {lacking}. {_remedy(repository, files, own)}{otherwise}.")
            return own
    found = [try_to_load_from_cache(repository, name) for name in files[-1]]
    folders = [Path(path).parent for path in found if isinstance(path, str)]
    if folders and not _lacking(folders[0], files):
        return folders[0]
    cache = Path(constants.HF_HUB_CACHE)
    looked = ", ".join(map(str, places)) or f"the folder {MODELS_FOLDER}"
    raise MissingDataError(
        f"{repository}: no such weights in {looked}, nor whole in the Hugging Face cache {cache} (HF_HUB_CACHE). "
        + f"{_remedy(repository, files, places[0] if places else Path(f'${MODELS_FOLDER}') / repository)}{otherwise}."
    )


def hub_file(repository: str, files: Files, weights_dir: Path | None = None, *, otherwise: str = "") -> Path:
    """Returns the checkpoint of a repository. Raises as `hub_folder`."""
    folder = hub_folder(repository, files, weights_dir, otherwise=otherwise)
    return next(folder / name for name in CHECKPOINTS if (folder / name).is_file())


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


def _lacking(folder: Path, files: Files) -> str:
    groups = [group for group in files if not any((folder / name).is_file() for name in group)]
    return ", ".join(" or ".join(group) for group in groups)


def _remedy(repository: str, files: Files, own: Path) -> str:
    size = f" ({SIZES[repository]} MB)" if repository in SIZES else ""
    names = ", ".join(" or ".join(group) for group in files)
    return f"Run `hf download {repository}`{size} where there is a network, or put its files ({names}) into {own}"
