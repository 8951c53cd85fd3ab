"""Prompts without descriptions."""

from __future__ import annotations

from typing import ClassVar

from ...base import UserError
from ..seams import Bank, PromptPolicy, Wording


class Plain(PromptPolicy):
    """Name the class only. The template has no other placeholders than `{class}`.

    Source: DataDream (Kim et al., ECCV 2024), "a {domain} photo of a {class}".
    """

    needs_captions: ClassVar[bool] = False

    def word(self, bank: Bank, label: int, copy: int, source: int | None, seed: int) -> Wording:
        if bank.aspects:
            raise UserError(f"prompts: plain fills {{class}} only, and the template has {{{bank.aspects[0]}}}, too")
        return Wording()
