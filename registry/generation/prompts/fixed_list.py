"""Prompts from a list that somebody wrote."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field, model_validator

from ...base import UserError
from ...contracts import TrainingSet
from ...params import Params
from ..captions import read_captions
from ..digests import digest
from ..seams import Bank, PromptPolicy, Wording
from .draws import draw


class FixedListParams(Params):
    templates: tuple[str, ...] = Field((), description="whole prompts with {class}, instead of the template")
    contexts: tuple[dict[str, str], ...] = Field((), description="texts by aspect, such as {background: at sea}")
    file: str | None = Field(None, description="file with such texts: a column for each aspect, after the column image")
    in_turn: bool = Field(False, description="whether they are taken in turn within each class, instead of drawn")

    @model_validator(mode="after")
    def _has_one(self) -> FixedListParams:
        if sum(map(bool, (self.templates, self.contexts, self.file))) != 1:
            raise ValueError("give one of templates, contexts and file")
        return self


class FixedList(PromptPolicy):
    """Take prompts, or descriptions, from a list.

    Sources: ALIA (Dunlap et al., NeurIPS 2023), whose prompts a language model summarised; Yang et al., "Beyond
    Objects" (CVPR 2026), Table 3, with 100 contexts that a language model wrote.
    """

    Params = FixedListParams
    params: FixedListParams
    needs_captions: ClassVar[bool] = False

    def missing_inputs(self, data: TrainingSet) -> list[str]:
        path = self._path(data)
        return [f"{path}: no list of contexts"] if path is not None and not path.is_file() else []

    def fingerprint(self, data: TrainingSet) -> str:
        path = self._path(data)
        return digest(read_captions(path)) if path is not None and path.is_file() else ""

    def bind(self, data: TrainingSet) -> None:
        """Reads the file."""
        path = self._path(data)
        self._contexts = list(read_captions(path).values()) if path is not None else list(self.params.contexts)

    def word(self, bank: Bank, label: int, copy: int, source: int | None, seed: int) -> Wording:
        count = len(self.params.templates or self._contexts)
        place = copy % count if self.params.in_turn else draw(range(count), seed, label, copy)
        if self.params.templates:
            return Wording(template=self.params.templates[place])
        texts = self._contexts[place]
        lacking = [aspect for aspect in bank.aspects if aspect not in texts]
        if lacking:
            raise UserError(f"prompts: fixed-list: context {place} has no {lacking[0]}, which the template names")
        return Wording({aspect: texts[aspect] for aspect in bank.aspects})

    def _path(self, data: TrainingSet) -> Path | None:
        return data.folder / Path(self.params.file).expanduser() if self.params.file else None
