"""Files of tuned weights: written as diffusers writes them, and put to use in a pipeline."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import UserError, atomic_path, make_folder, sync_folder, write_errors
from .quiet import quiet
from .seams import Adapter, Pipeline

if TYPE_CHECKING:
    from torch import Tensor

LORA_FOLDER = "lora"
"""Folder of tuned weights in a set's folder."""


def save_lora(
    file: Path,
    unet: Mapping[str, Tensor],
    text_encoder: Mapping[str, Tensor] | None,
    configs: Mapping[str, Any],
) -> None:
    """Writes a LoRA, whole or not at all. unet, text_encoder: as peft returns them. configs: of peft, for both."""
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
    from diffusers.utils.state_dict_utils import convert_state_dict_to_diffusers

    make_folder(file.parent)
    with write_errors(file), tempfile.TemporaryDirectory(prefix=".lora-", dir=file.parent) as folder:
        own: Any = convert_state_dict_to_diffusers(dict(unet))
        text: Any = convert_state_dict_to_diffusers(dict(text_encoder)) if text_encoder else None
        StableDiffusionPipeline.save_lora_weights(
            save_directory=folder,
            unet_lora_layers=own,
            text_encoder_lora_layers=text,
            weight_name=file.name,
            unet_lora_adapter_metadata=configs["unet"],
            text_encoder_lora_adapter_metadata=configs["text_encoder"] if text_encoder else None,
        )
        _settle(Path(folder) / file.name)
        (Path(folder) / file.name).replace(file)
    sync_folder(file.parent)


def _settle(file: Path) -> None:
    """Writes a safetensors file again with its metadata in alphabetical order: the library's own order is random."""
    content = file.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    file.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])


def save_embeddings(file: Path, embeddings: Mapping[str, Tensor]) -> None:
    """Writes learned tokens with their embeddings (d,), whole or not at all."""
    from ..base import write_tensors

    with write_errors(file), atomic_path(file) as temporary:
        write_tensors(embeddings, temporary)


def add_tokens(pipeline: Any, embeddings: Mapping[str, Tensor]) -> None:
    """Adds tokens with their embeddings (d,) to the tokenizer and the text encoder."""
    import torch

    pipeline.tokenizer.add_tokens(list(embeddings))
    if pipeline.text_encoder.get_input_embeddings().num_embeddings < len(pipeline.tokenizer):
        pipeline.text_encoder.resize_token_embeddings(len(pipeline.tokenizer), mean_resizing=False)
    weights = pipeline.text_encoder.get_input_embeddings().weight
    with torch.no_grad():
        for token, value in embeddings.items():
            weights[pipeline.tokenizer.convert_tokens_to_ids(token)] = value.to(weights)


class Adapted:
    """A pipeline whose adapters follow those of the images that it generates. folder: of the set."""

    def __init__(self, pipeline: Pipeline, folder: Path) -> None:
        self.pipeline, self.folder = pipeline, folder
        self._loaded: set[str] = set()
        self._embeddings: str | None = None

    def use(self, adapter: Adapter) -> None:
        """Makes the pipeline generate with an adapter, and with no other."""
        from ..base import read_tensors

        if adapter.embeddings is not None and adapter.embeddings != self._embeddings:
            add_tokens(self.pipeline, read_tensors(self.folder / adapter.embeddings))
            self._embeddings = adapter.embeddings
        models = {"unet": self.pipeline.unet, "text_encoder": self.pipeline.text_encoder}
        for name in self._loaded - set(adapter.files):
            for model in models.values():
                remove(model, _named(name))
        for name in set(adapter.files) - self._loaded:
            load_lora(models, self.folder / name, _named(name))
        self._loaded = set(adapter.files)
        weights = dict(zip(map(_named, adapter.files), adapter.weights, strict=True))
        for model in models.values():
            activate(model, weights)


def _named(file: str) -> str:
    """The name of an adapter, which may have no full stop."""
    return Path(file).stem


def inject(model: Any, config: Any, name: str) -> None:
    """Adds a new adapter to a model, as peft does it; no other library's integration of peft is asked."""
    from peft import inject_adapter_in_model

    with quiet():
        inject_adapter_in_model(config, model, name)


def activate(model: Any, weights: Mapping[str, float]) -> None:
    """Makes a model use the sum of adapters, each times a weight; {}: none."""
    for layer in _layers(model):
        own = [name for name in weights if name in layer.lora_A]
        layer.enable_adapters(bool(own))
        if own:
            layer.set_adapter(own)
            for name in own:
                layer.set_scale(name, weights[name])


def remove(model: Any, name: str) -> None:
    """Removes an adapter from a model, if it has it."""
    for layer in _layers(model):
        if name in layer.lora_A:
            layer.delete_adapter(name)
    getattr(model, "peft_config", {}).pop(name, None)


def load_lora(models: Mapping[str, Any], file: Path, name: str) -> None:
    """Adds the adapter of a file that `save_lora` wrote. models: `unet` and `text_encoder`."""
    import safetensors
    from peft import LoraConfig, set_peft_model_state_dict

    try:
        with safetensors.safe_open(file, framework="pt") as content:
            described = json.loads((content.metadata() or {})[_DESCRIPTION])
            tensors = {key: content.get_tensor(key) for key in content.keys()}  # noqa: SIM118
    except (OSError, KeyError, ValueError, safetensors.SafetensorError) as error:
        raise UserError(
            f"{file}: not a whole file of low-rank weights ({error}): remove it, and it is made again"
        ) from None
    for part, model in models.items():
        own = {key.removeprefix(f"{part}."): value for key, value in tensors.items() if key.startswith(f"{part}.")}
        if own:
            settings = {key.removeprefix(f"{part}."): value for key, value in described.items() if key.startswith(part)}
            config: Any = LoraConfig(r=settings["r"], target_modules=settings["target_modules"])
            config.lora_alpha = settings["lora_alpha"]
            inject(model, config, name)
            set_peft_model_state_dict(model, {_as_peft(key): one for key, one in own.items()}, adapter_name=name)


def _as_peft(key: str) -> str:
    """The name of a tensor in peft, given that in diffusers, which calls the matrices A and B down and up."""
    for theirs, own in (("down", "lora_A"), ("up", "lora_B")):
        key = key.replace(f".lora_linear_layer.{theirs}.", f".{own}.").replace(f".lora.{theirs}.", f".{own}.")
    return key


_DESCRIPTION = "lora_adapter_metadata"
"""Under this name the file's metadata hold peft's settings, as diffusers writes them."""


def _layers(model: Any) -> list[Any]:
    """The layers of a model that have adapters."""
    return [module for module in model.modules() if hasattr(module, "lora_A") and hasattr(module, "set_scale")]
