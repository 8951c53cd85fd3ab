"""The files of a task's data set as data: `files.yaml` beside the task's module."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from provbench.registry import Task
from provbench.registry.base import UserError, describe_issues, leads_out

NAME = "files.yaml"


def _inside(name: str) -> str:
    if leads_out(name) or any(character in name for character in "\\:\0"):
        raise ValueError("must be a path inside the data set's folder, with forward slashes")
    return name


def _web(address: str) -> str:
    if not address.startswith(("https://", "http://")):
        raise ValueError("must begin with https:// or http://")
    return address


RelativePath = Annotated[str, AfterValidator(_inside)]
Address = Annotated[str, AfterValidator(_web)]


class DataFile(BaseModel):
    """One file that a data set is made of, and where it belongs.

    A file that a program may fetch has `urls`; one that must be fetched by hand has `by_hand`, the steps.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: RelativePath = Field(min_length=1)
    """The name under which it is kept; tasks that share a file share its name and digest."""
    urls: tuple[Address, ...] = ()
    """Mirrors, in the order in which they are tried."""
    by_hand: str = ""
    size: int | None = Field(None, gt=0)
    """Bytes; None where nobody published it."""
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    md5: str | None = Field(None, pattern=r"^[0-9a-f]{32}$")
    """Given only where no SHA-256 is published."""
    into: RelativePath = ""
    """Folder, below the data set's own, that an archive is unpacked in."""
    unpack: bool = False
    """True for an archive; any other file is put to `provides`."""
    provides: RelativePath = Field(min_length=1)
    """A path, below the data set's folder, that is there once the file is in its place."""
    optional: bool = False
    """True if the task runs without it, as without outlines."""
    licence: str = ""
    citation: str = ""
    verified: bool = False
    """True if address, size and digest were compared with a copy or a publication; `source` says which."""
    source: str = ""
    """Origin of these facts."""

    @model_validator(mode="after")
    def _has_a_way(self) -> DataFile:
        if bool(self.urls) == bool(self.by_hand):
            raise ValueError("give either urls or by_hand")
        return self

    @property
    def digest(self) -> str | None:
        """Returns `sha256:…` or `md5:…`; None where none was published."""
        return f"sha256:{self.sha256}" if self.sha256 else f"md5:{self.md5}" if self.md5 else None


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    tasks: dict[str, tuple[DataFile, ...]]


def files_of(task: type[Task], name: str) -> Sequence[DataFile]:
    """Returns the files of the task registered under `name`; () where its package describes none.

    Raises `UserError` that names file, field and value for a description that cannot be right.
    """
    path = Path(inspect.getfile(task)).with_name(NAME)
    return read_facts(path).get(name, ()) if path.is_file() else ()


def read_facts(path: Path) -> dict[str, tuple[DataFile, ...]]:
    """Returns the files by the names of their tasks."""
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise UserError(f"{path}: is no YAML: {error}") from None
    try:
        return _Facts.model_validate({"tasks": content}).tasks
    except ValidationError as error:
        raise UserError("\n".join(describe_issues(error, str(path), _Facts))) from None
