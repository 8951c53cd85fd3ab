"""Prompts with descriptions of other images of the same class."""

from __future__ import annotations

from ..seams import Bank, PromptPolicy, Wording
from .draws import draw, members, of_line


class SameClass(PromptPolicy):
    """Draw a description of any image of the class, own ones included.

    Source: Yang et al., "Beyond Objects" (CVPR 2026), Table 3, the row "same-class only".
    """

    def word(self, bank: Bank, label: int, copy: int, source: int | None, seed: int) -> Wording:
        return of_line(bank, draw(members(bank, label), seed, label, copy))
