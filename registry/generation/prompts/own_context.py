"""Prompts with an image's own description."""

from __future__ import annotations

from ..seams import Bank, PromptPolicy, Wording
from .draws import members, of_line


class OwnContext(PromptPolicy):
    """Describe the image that is edited; without one, the images of the class in turn.

    No background moves from one class to another: every class keeps the contexts that it has.
    """

    def word(self, bank: Bank, label: int, copy: int, source: int | None, seed: int) -> Wording:
        own = members(bank, label)
        return of_line(bank, own[copy % len(own)] if source is None else source)
