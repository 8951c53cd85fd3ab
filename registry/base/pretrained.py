"""Pretrained weights that a part of a recipe reads: what they are, where they lie, and how they are fetched."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from .errors import MissingDataError
from .weight_facts import WeightFacts, weight_facts

HOW_TO_FETCH = "`provbench data weights SUITE --download` fetches it"
"""The remedy of messages about weights that are missing."""


class Pretrained(ABC):
    """Weights of one model. Nothing is imported of their library, and nothing fetched, but by `fetch`."""

    library: ClassVar[str]
    """The library in whose form and place they are: `torchvision`, `timm`, `transformers`, `diffusers`, …"""
    revision: str | None = None
    """Version: a commit, branch or tag of the hub, or the beginning of a SHA-256; None: the newest."""

    @property
    @abstractmethod
    def identity(self) -> str:
        """Returns the repository of the hub, or the name of the file."""

    @property
    def origin(self) -> str:
        """Returns what `fetch` reads: an address, or a repository of the hub."""
        return self.identity

    @property
    def facts(self) -> WeightFacts:
        """Returns their size and licence, as far as these are known."""
        return weight_facts(self.identity)

    @abstractmethod
    def places(self) -> Sequence[str]:
        """Returns where they are looked for, with the environment variables that choose it, in words."""

    @abstractmethod
    def find(self) -> Path | None:
        """Returns the file or folder that has them, whole; None if there is none."""

    @abstractmethod
    def problems(self) -> list[str]:
        """Returns a message with its remedy where they are missing or not whole; else []. Imports no torch."""

    @abstractmethod
    def fetch(self, *, bars: bool = True) -> None:
        """Has their library fetch them into its own cache, and go on where it can with what was begun.

        bars: whether it shows its progress on the standard error. Raises `UserError` where that is not possible: no
        network, the hub's offline mode, no such file, a wrong digest, a full disk.
        """

    def require(self) -> Path:
        """Returns the file or folder. Raises `MissingDataError` with `problems`."""
        found = self.find()
        if found is None:
            raise MissingDataError("\n".join(self.problems()))
        return found


@dataclass(frozen=True)
class Shipped(Pretrained):
    """Weights that come with provbench, or that lie at a path of the user's own."""

    name: str
    path: Path
    library: str = "provbench"

    @property
    def identity(self) -> str:
        return self.name

    @property
    def facts(self) -> WeightFacts:
        files = [self.path] if self.path.is_file() else [one for one in self.path.rglob("*") if one.is_file()]
        size = sum(file.stat().st_size for file in files)
        return WeightFacts(size=size or None, licence="Apache-2.0", verified=True, source="the files themselves")

    def places(self) -> list[str]:
        return [str(self.path)]

    def find(self) -> Path | None:
        return self.path if self.path.exists() else None

    def problems(self) -> list[str]:
        return [] if self.path.exists() else [f"{self.path}: no such weights ({self.name}): install provbench again"]

    def fetch(self, *, bars: bool = True) -> None:
        self.require()
