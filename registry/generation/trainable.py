"""The parts of a pipeline that are trained: low-rank adapters, and embeddings of new tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..base import UserError, torch
from .adapters import activate, add_tokens, inject, save_embeddings, save_lora

if TYPE_CHECKING:
    from torch import Tensor

UNET_TARGETS = ("to_q", "to_k", "to_v", "to_out.0")
TEXT_TARGETS = ("q_proj", "k_proj", "v_proj", "out_proj")
"""Names of the attention layers that get low-rank matrices."""


class Trainable(Protocol):
    """A part of a pipeline that is trained."""

    parameters: list[Tensor]

    def decay(self, weight_decay: float) -> float:
        """Returns the weight decay of the part, given the tuner's."""
        ...

    def adapter_of(self, index: int) -> str:
        """Returns the name of the adapter that a sample trains."""
        ...

    def activate(self, index: int) -> None:
        """Makes the pipeline use the adapter that a sample trains."""
        ...

    def trim(self) -> None:
        """Removes gradients of what is not to change."""
        ...

    def save(self) -> None:
        """Writes the files of the part, each whole or not at all."""
        ...


class LowRank:
    """A LoRA of the attention layers of U-Net and text encoder; or one for each sample, with A in common.

    adapters: file of each adapter, by the sample that trains it; or by None, one for all samples.
    """

    def __init__(
        self, pipeline: Any, adapters: Mapping[int | None, Path], rank: int, alpha: float, text: bool, seed: int
    ) -> None:
        self.adapters, self.shared = adapters, None not in adapters
        self.models = {"unet": pipeline.unet, **({"text_encoder": pipeline.text_encoder} if text else {})}
        self.configs: dict[str, Any] = {}
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            for name, model in self.models.items():
                self._add(name, model, rank, alpha)
        if self.shared:
            for model in self.models.values():
                _share_a(model)
        weights = (one for model in self.models.values() for name, one in model.named_parameters() if "lora_" in name)
        self.parameters: list[Tensor] = [*dict.fromkeys(weights)]  # shared ones once
        self._train_all()

    def _add(self, name: str, model: Any, rank: int, alpha: float) -> None:
        from peft import LoraConfig

        targets = UNET_TARGETS if name == "unet" else TEXT_TARGETS
        config: Any = LoraConfig(r=rank, init_lora_weights="gaussian", target_modules=list(targets))
        config.lora_alpha = alpha
        self.configs[name] = config
        for index in self.adapters:
            inject(model, config, self._name(index))

    @staticmethod
    def _name(index: int | None) -> str:
        return "default" if index is None else f"image-{index}"

    def _train_all(self) -> None:
        """peft freezes adapters that are not in use, and what they share with the one that is."""
        for one in self.parameters:
            one.requires_grad_(True)

    def decay(self, weight_decay: float) -> float:
        return weight_decay

    def adapter_of(self, index: int) -> str:
        return self._name(index if self.shared else None)

    def activate(self, index: int) -> None:
        for model in self.models.values():
            activate(model, {self.adapter_of(index): 1.0})
        self._train_all()

    def trim(self) -> None:
        pass

    def save(self) -> None:
        from peft.utils import get_peft_model_state_dict

        described = {name: _plain(config.to_dict()) for name, config in self.configs.items()}
        for index, file in self.adapters.items():
            states = {
                name: get_peft_model_state_dict(model, adapter_name=self._name(index))
                for name, model in self.models.items()
            }
            save_lora(file, states["unet"], states.get("text_encoder"), described)


class Tokens:
    """Embeddings of new tokens. tokens: each with the word whose mean embedding it begins with."""

    def __init__(self, pipeline: Any, file: Path, tokens: Mapping[str, str]) -> None:
        self.pipeline, self.file, self.tokens = pipeline, file, tuple(tokens)
        table = pipeline.text_encoder.get_input_embeddings().weight.detach()
        add_tokens(pipeline, {token: _mean(pipeline.tokenizer, table, word) for token, word in tokens.items()})
        weight = pipeline.text_encoder.get_input_embeddings().weight
        weight.requires_grad_(True)
        self.parameters: list[Tensor] = [weight]
        self.rows = [int(pipeline.tokenizer.convert_tokens_to_ids(token)) for token in self.tokens]

    def decay(self, weight_decay: float) -> float:
        return 0.0

    def adapter_of(self, index: int) -> str:
        return ""

    def activate(self, index: int) -> None:
        pass

    def trim(self) -> None:
        """Leaves the gradients of the new tokens alone. Other rows, without momentum or decay, do not change."""
        (weight,) = self.parameters
        if weight.grad is not None:
            kept = weight.grad[self.rows].clone()
            weight.grad.zero_()
            weight.grad[self.rows] = kept

    def save(self) -> None:
        (weight,) = self.parameters
        found = {token: weight[row].detach() for token, row in zip(self.tokens, self.rows, strict=True)}
        save_embeddings(self.file, found)


def _mean(tokenizer: Any, table: Tensor, word: str) -> Tensor:
    ids: Sequence[int] = tokenizer(word, add_special_tokens=False).input_ids
    if not ids:
        raise UserError(f"tuner: the word {word!r}, which tokens begin with, has no token of its own")
    return table[list(ids)].mean(0)


def _share_a(model: Any) -> None:
    """Makes all adapters of every layer use the A of the first."""
    for module in model.modules():
        matrices = getattr(module, "lora_A", None)
        if matrices:
            first, *others = matrices.keys()
            for name in others:
                matrices[name].weight = matrices[first].weight


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of peft as JSON has them, the same in every process."""
    return {
        key: sorted(map(str, value)) if isinstance(value, set | frozenset) else value
        for key, value in values.items()
        if key in ("r", "lora_alpha", "target_modules", "init_lora_weights", "lora_bias", "peft_type", "use_dora")
    }
