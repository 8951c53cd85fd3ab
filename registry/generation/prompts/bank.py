"""Prompts with descriptions of images of all classes: context marginalization."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...params import Params
from ..seams import Bank, PromptPolicy, Wording
from .draws import draw, of_lines


class BankParams(Params):
    draw: Literal["joint", "independent"] = Field(
        "joint", description="whether all aspects of a prompt describe one image, or each an image of its own"
    )
    over: Literal["lines", "distinct"] = Field(
        "lines", description="uniform over the images, or over descriptions that differ"
    )
    reseed: bool = Field(False, description="whether every class gets the same sequence of descriptions")


class WholeBank(PromptPolicy):
    """Draw a description of any training image of any class, so that class and context are independent.

    With `reseed` the draws begin anew at every class, as the reference code does (`set_seed(42)` for each): all classes
    get the same contexts, which makes them exactly independent of the class.

    Source: Yang et al., "Beyond Objects" (CVPR 2026); its code draws jointly, over lines, and reseeds.
    """

    Params = BankParams
    params: BankParams

    def word(self, bank: Bank, label: int, copy: int, source: int | None, seed: int) -> Wording:
        place = (seed, copy) if self.params.reseed else (seed, label, copy)
        if self.params.draw == "joint":
            line = draw(self._lines(bank, bank.aspects), *place)
            return of_lines(bank, dict.fromkeys(bank.aspects, line))
        return of_lines(bank, {aspect: draw(self._lines(bank, (aspect,)), *place, aspect) for aspect in bank.aspects})

    def _lines(self, bank: Bank, aspects: tuple[str, ...]) -> list[int]:
        """Returns the samples to draw from; of samples with equal texts the first, if `over` is `distinct`."""
        if self.params.over == "lines":
            return list(range(len(bank.captions)))
        first: dict[tuple[str | None, ...], int] = {}
        for index, caption in enumerate(bank.captions):
            first.setdefault(tuple(caption.get(aspect) for aspect in aspects), index)
        return list(first.values())
