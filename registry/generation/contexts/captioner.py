"""The base of contexts that ask a model: one image after the other, going on where they were."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...base import UserError
from ...contracts import TrainingSet
from ..captions import tidied
from ..model_files import OneModel
from ..schedule import STATES
from ..seams import Caption, Context, Progress

if TYPE_CHECKING:
    import numpy as np

FILE = "captions.jsonl"
"""File of the answers so far, a line an image."""


class Captioner(OneModel, Context):
    """A context that asks a model about every image. Answers are written down as they come."""

    @abstractmethod
    def load(self, folder: Path) -> Any:
        """Returns the model in `folder`, with all that `answer` needs."""

    @abstractmethod
    def answer(self, model: Any, image: np.ndarray) -> Mapping[str, str]:
        """Returns the answers about an image (H, W, 3) uint8 RGB by aspect."""

    def describe(self, data: TrainingSet, folder: Path, progress: Progress) -> list[Caption]:
        file = folder / STATES / FILE
        known = _read(file)
        model: Any = None
        captions = []
        for index in range(len(data)):
            sample = data.sample_id(index)
            if sample not in known:
                model = model or self.load(self.files.require())
                answers = self.answer(model, data.image(index))
                known[sample] = {aspect: one_line(text) for aspect, text in answers.items()}
                _append(file, sample, known[sample])
            captions.append(self._checked(sample, known[sample]))
            progress(index + 1, len(data))
        return captions

    def _checked(self, sample: str, caption: Mapping[str, str]) -> Caption:
        for aspect, text in caption.items():
            if not text:
                raise UserError(
                    f"{sample}: {self.params.model} gave no description of the {aspect}: use the context caption-file "
                    "with one of your own"
                )
        return caption


def one_line(text: str) -> str:
    """Returns an answer in one line, without a full stop at its end."""
    return tidied(" ".join(text.split()))


def _read(file: Path) -> dict[str, dict[str, str]]:
    """The answers so far; a last line that was cut short is no answer."""
    known: dict[str, dict[str, str]] = {}
    if file.is_file():
        for line in file.read_text(encoding="utf-8").split("\n"):
            try:
                sample, caption = json.loads(line)
            except ValueError:
                continue
            known[str(sample)] = dict(caption)
    return known


def _append(file: Path, sample: str, caption: Mapping[str, str]) -> None:
    from ...base import make_folder, write_errors

    make_folder(file.parent)
    with write_errors(file), file.open("a", encoding="utf-8") as stream:
        stream.write("\n" + json.dumps([sample, caption], ensure_ascii=False))
