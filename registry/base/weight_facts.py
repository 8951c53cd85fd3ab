"""Size and licence of pretrained weights, known without fetching them, as data: `weights.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

FILE = Path(__file__).with_name("weights.yaml")


class WeightFacts(BaseModel):
    """Size and licence of the weights of a model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int | None = Field(default=None, gt=0)
    """Bytes of the files that are read; None where it is not known."""
    rounded: bool = False
    """True if the size is a rough one, such as that of the parameters alone."""
    licence: str = ""
    verified: bool = False
    """True if the size was compared with a copy or a publication; `source` says which."""
    source: str = ""
    """Origin of the size, and of the licence where that is another."""

    @property
    def words(self) -> str:
        """Returns the size for people: `102.5 MB`, `about 600 MB`, `about 5.2 GB`, `of unknown size`."""
        if self.size is None:
            return "of unknown size"
        digits = 0 if self.rounded else 1
        amount = f"{self.size / 1e9:.1f} GB" if self.size >= 1e9 else f"{self.size / 1e6:.{digits}f} MB"
        return f"about {amount}" if self.rounded else amount


def weight_facts(name: str) -> WeightFacts:
    """Returns what is known of the weights of a repository of the hub, or of a file; empty where that is nothing."""
    return _known().get(name, WeightFacts())


@cache
def _known() -> Mapping[str, WeightFacts]:
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {name: WeightFacts.model_validate(facts) for name, facts in content.items()}
