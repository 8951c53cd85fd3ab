"""The variants of a task's data, as data: what they set in the recipe, and what tables say of their numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import UserError

VARIANT_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$"
"""Pattern of a variant's name in suites, records and tables."""


@dataclass(frozen=True)
class Variant:
    """One form in which a task's data come: all of them, generated ones, a subset, a few shots."""

    name: str
    """Name by which suites and records know it; it is part of a run's key."""
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Parameters of the recipe that the variant sets instead of the defaults of the task's `Params`."""
    generated: bool = False
    """True where `Task.prepare` makes the data; otherwise it checks that they are there."""
    suffix: str = ""
    """Text added to the name of the task's folder; "": the variant reads the folder of the full data set."""
    banner: str = ""
    """A few words on why its numbers are not the benchmark's own, such as `generated data`; "": they are."""
    shows_published: bool = False
    """True where published numbers may stand next to its own, as numbers of the same benchmark."""

    def __post_init__(self) -> None:
        if not re.fullmatch(VARIANT_PATTERN, self.name):
            raise UserError(f"variant {self.name!r}: a name has letters, digits and . _ + - only, and 64 at most")
        if self.generated and not self.suffix:
            raise UserError(f"variant {self.name!r}: generated data need a suffix: a folder beside the full data set's")

    def having(self, **params: Any) -> Variant:
        """Returns the variant with parameters of a task's recipe."""
        return replace(self, params={**self.params, **params})

    @property
    def badge(self) -> str:
        """Returns the name in capitals, where tables and reports must mark the numbers; "" for the benchmark's own."""
        return "" if self.shows_published and not self.banner else self.name.upper()


FULL = Variant("full", shows_published=True)
MINI = Variant("mini", generated=True, suffix="-mini", banner="generated data")


def named_variant(name: str) -> Variant:
    """Returns the variant that a name alone stands for: `FULL`, `MINI`, or one of which nothing else is known."""
    return {one.name: one for one in (FULL, MINI)}.get(name, Variant(name))
