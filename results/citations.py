"""Published numbers: what the papers report, as data with its source, to stand beside our own."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from ..registry.errors import UserError
from ..registry.params import describe_issues

FOLDER = Path(__file__).parent / "published"

Origin = Literal["paper", "seed", "secondary"]
"""`paper`: read in the publication or in its authors' repository. `seed`: stated by the document that this project set
out from. `secondary`: quoted by a third party, since the publication's text was not at hand."""

_RANK: dict[Origin, int] = {"paper": 0, "seed": 1, "secondary": 2}

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class PublishedNumber(BaseModel):
    """One number of a publication.

    Without `over` it is the method's score; with it, the gain over that method. `setting` sets a number apart from the
    method's plain result (an ablation, say). A score and a gain, or two settings, are never taken for one another.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    publication: Text
    """Name of the file that the number stands in."""
    task: Text
    method: Text
    model: Text
    metric: Text
    value: float
    unit: Text = "%"
    spread: float | None = Field(default=None, ge=0)
    """What stands behind the ±; `note` says what it is."""
    n: int | None = Field(default=None, ge=1)
    split: Text = "test"
    over: Text | None = None
    setting: str = ""
    source: Origin
    inferred: bool = False
    """Computed from other printed numbers, and not printed itself."""
    where: Text
    note: str = ""

    @model_validator(mode="after")
    def _inferred_says_how(self) -> PublishedNumber:
        if self.inferred and not self.note:
            raise ValueError("an inferred number needs a note that says from what")
        return self

    @property
    def label(self) -> str:
        """`65.1 (secondary)`: the value as printed, with its source."""
        spread = "" if self.spread is None else f" ± {self.spread:g}"
        marks = f"{self.source}, inferred" if self.inferred else self.source
        return f"{f'{self.value:+}' if self.over else self.value}{spread} ({marks})"


def load_published(folder: Path = FOLDER) -> list[PublishedNumber]:
    """Every number of the YAML files in a folder, in their order.

    A file has `publication` (its own name), `defaults` (fields that all its numbers share) and `numbers`. Raises
    `UserError` naming the file, the number and the field that is wrong.
    """
    return list(_load(folder))


def find(
    numbers: Iterable[PublishedNumber],
    *,
    task: str,
    method: str,
    model: str,
    metric: str,
    split: str = "test",
    over: str | None = None,
    setting: str = "",
) -> list[PublishedNumber]:
    """What was published of exactly this, the most trustworthy first: printed before inferred, then by source.

    Every name must match to the letter: MaxBoxAcc is not MaxBoxAccV2.
    """
    wanted = (task, method, model, metric, split, over, setting)
    found = [n for n in numbers if (n.task, n.method, n.model, n.metric, n.split, n.over, n.setting) == wanted]
    return sorted(found, key=lambda number: (number.inferred, _RANK[number.source]))


@cache
def _load(folder: Path) -> tuple[PublishedNumber, ...]:
    return tuple(number for path in sorted(folder.glob("*.yaml")) for number in _read(path))


def _read(path: Path) -> list[PublishedNumber]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a YAML file: {error}") from error
    if not isinstance(content, dict) or set(content) != {"publication", "defaults", "numbers"}:
        raise UserError(f"{path}: must have publication, defaults and numbers, and nothing else")
    if content["publication"] != path.stem:
        raise UserError(f"{path}: publication: must be the file's name, {path.stem!r} (got {content['publication']!r})")
    shared = {"publication": path.stem, **content["defaults"]}
    places = enumerate(content["numbers"], start=1)
    return [_number({**shared, **fields}, f"{path}: number {place}") for place, fields in places]


def _number(fields: dict[str, Any], where: str) -> PublishedNumber:
    try:
        return PublishedNumber.model_validate(fields)
    except ValidationError as error:
        raise UserError("\n".join(describe_issues(error, where, PublishedNumber))) from None
