"""Files of models in the caches of their libraries: found, checked to be whole, never downloaded unasked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ..base import MODELS_FOLDER, MissingDataError, UserError, own_models_folder
from ..contracts import TrainingSet
from .seams import Download

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
TRANSFORMERS_FILES = ("*.json", "*.txt", "*.safetensors", "*.jinja")
NO_WEIGHTS = ("tokenizer", "scheduler", "feature_extractor", "safety_checker", "image_processor", "processor")
"""Components of a pipeline that have no weights, or that are not loaded."""


def is_path(model: str) -> bool:
    """Returns whether a model is named by the path of its folder rather than by its id."""
    return model.startswith((".", "/", "~")) or Path(model).is_dir()


@dataclass(frozen=True)
class ModelFiles:
    """A model by its ids: the first is its own, the others are mirrors with the same weights.

    patterns: of the files that are read. megabytes: their size, or None where it is not known.
    """

    ids: Sequence[str]
    revision: str | None
    patterns: Sequence[str]
    megabytes: int | None = None

    def find(self) -> Path | None:
        """Returns the folder of the model, whole or not; None if there is none."""
        for model in self.ids:
            folder = Path(model).expanduser() if is_path(model) else self._local(model) or self._cached(model)
            if folder is not None and folder.is_dir():
                return folder
        return None

    def require(self) -> Path:
        """Returns the folder of the model, which is whole. Raises `MissingDataError` naming what is missing."""
        problems = self.problems()
        if problems:
            raise MissingDataError("\n".join(problems))
        found = self.find()
        assert found is not None
        return found

    def problems(self) -> list[str]:
        """Returns one message if the model is absent, or half downloaded."""
        folder = self.find()
        if folder is None:
            return [self._absent()]
        broken = _incomplete(folder, "model_index.json" in self.patterns)
        return [f"{folder}: the model {self.ids[0]} is not whole: {broken}; {self._remedy()}"] if broken else []

    def downloads(self) -> list[Download]:
        """Returns what is to be downloaded: nothing if the model is whole, or is named by a path."""
        if not self.problems() or is_path(self.ids[0]):
            return []
        model = self.ids[min(1, len(self.ids) - 1)]  # where there are mirrors, the first id has left the hub
        return [Download(model, self.revision or "main", self.megabytes, tuple(self.patterns))]

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
        size = f"about {self.megabytes / 1000:.1f} GB" if self.megabytes else "of unknown size"
        return f"`provbench generate SUITE --download` fetches it ({size})"


class OneModel:
    """A plugin that reads one model, which its parameters `model` and `revision` name."""

    params: Any
    megabytes: ClassVar[Mapping[str, int]] = {}
    """Sizes of the files that are read, by id."""

    @property
    def files(self) -> ModelFiles:
        """Returns where the model's files may be."""
        model = self.params.model
        return ModelFiles((model,), self.params.revision, TRANSFORMERS_FILES, self.megabytes.get(model))

    def missing_inputs(self, data: TrainingSet) -> list[str]:
        return self.files.problems()

    def downloads(self) -> list[Download]:
        return self.files.downloads()


def fetch(download: Download) -> None:
    """Downloads a model into the hub's cache, resuming what was begun. Raises `UserError` where that is not possible.

    The hub's offline mode (`HF_HUB_OFFLINE`) is respected.
    """
    from huggingface_hub import snapshot_download

    try:
        snapshot_download(download.model, revision=download.revision, allow_patterns=list(download.patterns))
    except Exception as error:  # errors of the hub, the network and the disk have no common base
        raise UserError(
            f"the model {download.model}@{download.revision} could not be downloaded ({type(error).__name__}: {error})"
        ) from error


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
