"""Pretrained weights of the Hugging Face Hub, from the data root or the library's own cache; nothing is downloaded.

The cache is where `HF_HUB_CACHE`, else `HF_HOME`, else `XDG_CACHE_HOME` put it, as for every program that uses the hub.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from provbench.registry.base import MissingDataError

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


def hub_folder(repository: str, files: Files, weights_dir: Path) -> Path:
    """Returns the folder that has the files of a repository: `<weights_dir>/<repository>`, else that of the cache.

    Raises `MissingDataError` that says what to get, its size, and where it may be put.
    """
    from huggingface_hub import constants, try_to_load_from_cache

    own = weights_dir / repository
    if own.is_dir():
        if lacking := _lacking(own, files):
            raise MissingDataError(f"{own}: lacks {lacking}. {_remedy(repository, files, own)}")
        return own
    found = [try_to_load_from_cache(repository, name) for name in files[-1]]
    folders = [Path(path).parent for path in found if isinstance(path, str)]
    if folders and not _lacking(folders[0], files):
        return folders[0]
    cache = constants.HF_HUB_CACHE
    raise MissingDataError(
        f"{repository}: no such weights in {own}, nor whole in the Hugging Face cache {cache} (HF_HUB_CACHE). "
        + _remedy(repository, files, own)
    )


def hub_file(repository: str, files: Files, weights_dir: Path) -> Path:
    """Returns the checkpoint of a repository. Raises as `hub_folder`."""
    folder = hub_folder(repository, files, weights_dir)
    return next(folder / name for name in CHECKPOINTS if (folder / name).is_file())


def _lacking(folder: Path, files: Files) -> str:
    groups = [group for group in files if not any((folder / name).is_file() for name in group)]
    return ", ".join(" or ".join(group) for group in groups)


def _remedy(repository: str, files: Files, own: Path) -> str:
    size = f" ({SIZES[repository]} MB)" if repository in SIZES else ""
    names = ", ".join(" or ".join(group) for group in files)
    return (
        f"Run `hf download {repository}`{size} where there is a network, or put its files ({names}) into {own}, "
        "or set weights to null for random ones."
    )
