"""One label for each image: that of the prompt."""

from __future__ import annotations

from ..seams import LabelRule


class Hard(LabelRule):
    """Give an image the label of its prompt's class."""

    def shares(self, label: int, source_label: int | None, strength: float | None) -> tuple[tuple[int, float], ...]:
        return ()
