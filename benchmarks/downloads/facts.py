"""The files of a task's data set as data: `files.yaml` beside the task's module.

It has a list of files for each task, with the fields of `DataFile`. An entry `shared: NAME` takes them from the file of
that name in this folder's own `files.yaml`, which has what several tasks read; fields beside it go before.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from provbench.registry import Task
from provbench.registry.base import UserError, describe_issues, leads_out, nearest

NAME = "files.yaml"
SHARED = "shared"
"""Field of an entry, and of this folder's own file."""


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
    content = _read(path)
    if isinstance(content, dict):
        content = {task: _with_shared(files, path) for task, files in content.items()}
    try:
        return _Facts.model_validate({"tasks": content}).tasks
    except ValidationError as error:
        raise UserError("\n".join(describe_issues(error, str(path), _Facts))) from None


def _with_shared(files: Any, path: Path) -> Any:
    """Returns the entries of a task, with what they share written out. What is of another form is left to the model."""
    if not isinstance(files, list):
        return files
    return [_written_out(entry, path) if isinstance(entry, dict) and SHARED in entry else entry for entry in files]


def _written_out(entry: Mapping[str, Any], path: Path) -> dict[str, Any]:
    name, known = entry[SHARED], _shared()
    if name not in known:
        raise UserError(
            f"{path}: shared: no file {name!r} is in {Path(__file__).with_name(NAME)}{nearest(name, known)}"
        )
    return {**known[name], **{field: value for field, value in entry.items() if field != SHARED}}


@cache
def _shared() -> Mapping[str, Mapping[str, Any]]:
    return {file["name"]: file for file in _read(Path(__file__).with_name(NAME))[SHARED]}


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise UserError(f"{path}: is no YAML: {error}") from None
