"""Files of models in the caches of their libraries: found, checked to be whole, never downloaded unasked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..base import (
    CONFIGURATION,
    HOW_TO_FETCH,
    MODELS_FOLDER,
    Pretrained,
    UserError,
    download_from_hub,
    hub_cache,
    own_models_folder,
)
from ..reads_weights import ReadsWeights

STABLE_DIFFUSION_FILES = (
    "model_index.json",
    "scheduler/*",
    "tokenizer/*",
    "text_encoder/config.json",
    "text_encoder/model.safetensors",
    "unet/config.json",
    "unet/diffusion_pytorch_model.safetensors",
    "vae/config.json",
    "vae/diffusion_pytorch_model.safetensors",
)
TRANSFORMERS_FILES = (*CONFIGURATION, "*.safetensors", "*.jinja")
NO_WEIGHTS = ("tokenizer", "scheduler", "feature_extractor", "safety_checker", "image_processor", "processor")
"""Components of a pipeline that have no weights, or that are not loaded."""


def is_path(model: str) -> bool:
    """Returns whether a model is named by the path of its folder rather than by its id."""
    return model.startswith((".", "/", "~")) or Path(model).is_dir()


@dataclass(frozen=True)
class ModelFiles(Pretrained):
    """A model by its ids: the first is its own, the others are mirrors with the same weights.

    patterns: of the files that are read.
    """

    ids: Sequence[str]
    patterns: Sequence[str]
    revision: str | None = None

    @property
    def library(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return "diffusers" if "model_index.json" in self.patterns else "transformers"

    @property
    def identity(self) -> str:
        return self.ids[0]

    def places(self) -> list[str]:
        if is_path(self.identity):
            return [self.identity]
        own = own_models_folder(self.identity)
        return [f"the folder {MODELS_FOLDER}" if own is None else str(own), hub_cache()]

    def find(self) -> Path | None:
        return None if self.problems() else self.folder()

    def folder(self) -> Path | None:
        """Returns the folder of the model, whole or not; None if there is none."""
        for model in self.ids:
            folder = Path(model).expanduser() if is_path(model) else self._local(model) or self._cached(model)
            if folder is not None and folder.is_dir():
                return folder
        return None

    def problems(self) -> list[str]:
        """Returns one message if the model is absent, or half downloaded."""
        folder = self.folder()
        if folder is None:
            return [self._absent()]
        broken = _incomplete(folder, "model_index.json" in self.patterns)
        return [f"{folder}: the model {self.ids[0]} is not whole: {broken}; {self._remedy()}"] if broken else []

    @property
    def origin(self) -> str:
        """Returns the id that is downloaded: where there are mirrors, the first id has left the hub."""
        return self.ids[min(1, len(self.ids) - 1)]

    def fetch(self, *, bars: bool = True) -> None:
        if is_path(self.identity):
            raise UserError(f"{self.identity}: a folder of your own, which cannot be downloaded")
        download_from_hub(self.origin, self.revision, self.patterns, bars=bars)
        self.require()

    def components(self) -> set[str]:
        """Returns the names of a pipeline's components. Raises `UserError` where its index cannot be read."""
        index = self.require() / "model_index.json"
        try:
            content = json.loads(index.read_text(encoding="utf-8"))
            return {name for name, value in content.items() if not name.startswith("_") and value and value[0]}
        except (OSError, ValueError, AttributeError, TypeError, IndexError) as error:
            raise UserError(f"{index}: not the index of a pipeline of diffusers ({error})") from None

    def _local(self, model: str) -> Path | None:
        folder = own_models_folder(model)
        return folder if folder is not None and folder.is_dir() else None

    def _cached(self, model: str) -> Path | None:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

        try:
            return Path(snapshot_download(model, revision=self.revision, local_files_only=True))
        except LocalEntryNotFoundError:
            return None
        except HFValidationError as error:
            raise UserError(f"model: {model!r} is neither an id on the hub nor a folder ({error})") from None

    def _absent(self) -> str:
        model, *mirrors = self.ids
        if is_path(model):
            return f"{model}: no such model folder"
        others = f" or of its mirrors {', '.join(mirrors)}" if mirrors else ""
        return (
            f"the model {model}{f' (revision {self.revision})' if self.revision else ''} is not here: no copy of it"
            f"{others} is in the hub's cache, nor in the folder {MODELS_FOLDER}; {self._remedy()}"
        )

    def _remedy(self) -> str:
        return f"{HOW_TO_FETCH} ({self.facts.words})"


class OneModel(ReadsWeights):
    """A plugin that reads one model, which its parameters `model` and `revision` name."""

    params: Any

    @property
    def files(self) -> ModelFiles:
        """Returns where the model's files may be."""
        return ModelFiles((self.params.model,), TRANSFORMERS_FILES, self.params.revision)

    def weights(self, weights_dir: Path | None) -> list[Pretrained]:
        return [self.files]


def _incomplete(folder: Path, pipeline: bool) -> str:
    """Returns what is missing of a pipeline, or of a single model; "" if nothing is."""
    index = folder / "model_index.json"
    if not index.is_file():
        return "model_index.json is missing" if pipeline else _without_weights(folder)
    try:
        content = json.loads(index.read_text(encoding="utf-8"))
        names = [name for name, value in content.items() if not name.startswith("_") and value and value[0]]
    except (OSError, ValueError, AttributeError, TypeError, IndexError):
        return "its model_index.json cannot be read"
    for name in names:
        problem = "" if name in NO_WEIGHTS else _without_weights(folder / name)
        if problem:
            return problem
        if name in ("tokenizer", "scheduler") and not any((folder / name).glob("*")):
            return f"{name} is missing"
    return ""


def _without_weights(folder: Path) -> str:
    if not (folder / "config.json").is_file():
        return f"{folder.name}/config.json is missing"
    files = sorted(folder.glob("*.safetensors"))
    wanted = {name for index in folder.glob("*.safetensors.index.json") for name in _shards(index)}
    lacking = wanted - {file.name for file in files}
    if lacking or not files:
        return f"{folder.name}/{min(lacking, default='*.safetensors')} is missing"
    torn = [file.name for file in files if not _is_whole(file)]
    return f"{folder.name}/{torn[0]} is torn" if torn else ""


def _shards(index: Path) -> set[str]:
    try:
        return set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError):
        return {index.name}


def _is_whole(file: Path) -> bool:
    """Returns whether the lengths in the header of a safetensors file add up to its size. Imports no torch."""
    import safetensors

    try:
        with safetensors.safe_open(file, framework="numpy"):
            return True
    except (OSError, ValueError, safetensors.SafetensorError):
        return False
