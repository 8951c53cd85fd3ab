"""A synthetic set on disk: what made it, and for each image what it was made from and which of it is the target's.

A set is a folder with `manifest.json` (a `Header`), `manifest.jsonl` (a `SyntheticImage` a line), and the images and
provenance masks that they name.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from ..base import MissingDataError, UserError, describe_issues, leads_out, read_image, read_mask
from ..contracts import Synthesizer

if TYPE_CHECKING:
    import numpy as np

HEADER = "manifest.json"
ROWS = "manifest.jsonl"

M = TypeVar("M", bound=BaseModel)


def _tuples(value: Any) -> Any:
    """JSON has lists where the models have tuples."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(gt=0, le=1)]
Counts = Annotated[tuple[Count, ...], BeforeValidator(_tuples)]
Shares = Annotated[tuple[tuple[Count, Share], ...], BeforeValidator(_tuples), Field(min_length=2)]


def _inside(name: str) -> str:
    """`name`, if it is a path that cannot leave the folder that it is relative to."""
    if not PurePosixPath(name).parts or leads_out(name) or any(c in name for c in "\\:\0"):
        raise ValueError("must be a path inside the set's folder, with forward slashes")
    return name


RelativePath = Annotated[str, AfterValidator(_inside)]


class Header(BaseModel):
    """Identity of a synthetic set: the same synthesizer, version and parameters on the same data make the same set."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format: Literal[1] = 1
    synthesizer: str = Field(min_length=1)
    version: str
    params: dict[str, Any]
    images: int = Field(ge=0)
    """Lines of `manifest.jsonl`, so that a file that was cut short is noticed."""
    kept: Counts | None = None
    """Images of each class that a filter kept; None where nothing was filtered."""
    dropped: Counts | None = None
    """Images of each class that a filter dropped; None where nothing was filtered."""
    licence: str | None = None
    """Terms under which others may use the images; None where nobody said."""

    @classmethod
    def of(cls, synthesizer: Synthesizer, images: int) -> Header:
        """The header of a set of so many images that `synthesizer` made."""
        return cls(
            synthesizer=synthesizer.name or type(synthesizer).__name__,
            version=synthesizer.version,
            params=synthesizer.params.model_dump(mode="json"),
            images=images,
        )


class SyntheticImage(BaseModel):
    """One synthetic image and where it comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    file: RelativePath
    """The image, relative to the set's folder."""
    source: str | None
    """The sample of the training set that was edited, or None where the image was made from nothing."""
    label: int = Field(ge=0)
    change: str
    """Description of the change: the prompt of an edit, the donor of a background."""
    seed: int = Field(ge=0)
    """Seed of every random choice made for this image."""
    mask: RelativePath | None
    """The provenance mask, white where the pixel comes from the label's target; None where it is not known."""
    labels: Shares | None = None
    """The labels with their weights, which sum to 1, where the image has several: pairs of a label and a weight, the
    pair of `label` first. None: `label` alone.
    """
    prompt: str | None = None
    """The prompt of a generator, in full."""
    contexts: dict[str, str] | None = None
    """Aspect of the prompt, such as `background`, to the sample of the training set whose description was used."""
    model: str | None = None
    """The generator's identity: its id, and its revision after an `@`."""
    lora: str | None = None
    """SHA-256 of the file of tuned weights that the generator used."""
    verdict: dict[str, float | bool | str] | None = None
    """Measurements of the filters."""
    agreement: float | None = None
    """Intersection over union of two estimates of the provenance mask, where there are two."""

    @model_validator(mode="after")
    def _is_a_mix(self) -> SyntheticImage:
        if self.labels is None:
            return self
        if self.labels[0][0] != self.label or len({label for label, _ in self.labels}) != len(self.labels):
            raise ValueError("labels must begin with the image's label and name each label once")
        if abs(sum(weight for _, weight in self.labels) - 1) > 1e-6:
            raise ValueError("the weights of labels must sum to 1")
        return self


@dataclass(frozen=True)
class SyntheticSet:
    """A synthetic set that was read: its header, and its images in the manifest's order."""

    folder: Path
    header: Header
    rows: tuple[SyntheticImage, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def image(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8 RGB. Raises `UserError` where it cannot be read."""
        return read_image(self.folder / self.rows[index].file)

    def mask(self, index: int) -> np.ndarray | None:
        """(H, W) bool, True where the pixel comes from the label's target; None where that is not known."""
        name = self.rows[index].mask
        return None if name is None else read_mask(self.folder / name)


def write_manifest(folder: Path, header: Header, rows: Sequence[SyntheticImage]) -> None:
    """Write the manifest of a folder that has its images and masks already; the header last.

    Raises `ValueError` where the header counts other than `rows` does.
    """
    if header.images != len(rows):
        raise ValueError(f"the header counts {header.images} images, there are {len(rows)} rows")
    lines = "".join(json.dumps(_said(row), ensure_ascii=False) + "\n" for row in rows)
    (folder / ROWS).write_text(lines, encoding="utf-8")
    (folder / HEADER).write_text(json.dumps(_said(header), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _said(model: BaseModel) -> dict[str, Any]:
    """Returns the fields of a model, without optional ones that nothing was said of."""
    optional = {name for name, field in type(model).model_fields.items() if not field.is_required()}
    return {name: value for name, value in model.model_dump().items() if value is not None or name not in optional}


def read_manifest(folder: Path) -> SyntheticSet:
    """The set in `folder`, checked: every row is valid, names files that are there and lie inside, and is named once.

    Raises `MissingDataError` where there is no manifest, and `UserError` naming file and line where it is wrong.
    """
    header = _parse(Header, _text(folder / HEADER), str(folder / HEADER))
    rows = []
    lines = _text(folder / ROWS).split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{folder / ROWS}:{number}"
        row = _parse(SyntheticImage, line, where)
        for field, name in (("file", row.file), ("mask", row.mask)):
            if name is not None:
                _check_file(folder, name, f"{where}: {field}")
        rows.append((where, row))
    if len(rows) != header.images:
        raise UserError(
            f"{folder / ROWS}: {header.images} images wanted, as {HEADER} says (got {len(rows)} lines): "
            "make the set again"
        )
    seen: dict[str, str] = {}
    for where, row in rows:
        if row.file in seen:
            raise UserError(f"{where}: file: {row.file!r} is already the image of {seen[row.file]}")
        seen[row.file] = where
    return SyntheticSet(folder, header, tuple(row for _, row in rows))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise MissingDataError(f"{path}: no such file: is {path.parent} a synthetic set?") from None
    except UnicodeDecodeError as error:
        number = error.object[: error.start].count(b"\n") + 1
        raise UserError(f"{path}:{number}: not UTF-8 text") from None


def _parse(model: type[M], text: str, where: str) -> M:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: not JSON ({error.msg} at column {error.colno})") from None
    if not isinstance(content, dict):
        raise UserError(f"{where}: must be a JSON object (got {text.strip()[:40]!r})")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise UserError("\n".join(describe_issues(error, where, model))) from None


def _check_file(folder: Path, name: str, where: str) -> None:
    path = (folder / name).resolve()  # a link may lead out of the folder though its name does not
    if not path.is_relative_to(folder.resolve()):
        raise UserError(f"{where}: must lie inside {folder} (got {name!r}, a link to {path})")
    if not path.is_file():
        raise UserError(f"{where}: no such file (got {name!r})")
