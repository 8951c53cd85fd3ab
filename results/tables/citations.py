"""Published numbers: what the papers report, as data with its source, to be shown next to our own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import groupby, permutations
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from provbench.registry.base import UserError, describe_issues

from ..statistics import SpreadKind

FOLDER = Path(__file__).parents[1] / "published"

Origin = Literal["paper", "seed", "secondary"]
"""`paper`: read in the publication or in its authors' repository. `seed`: stated by the document that this project set
out from. `secondary`: quoted by a third party, since the publication's text was not at hand."""

Unit = Literal[
    "%",
    "points",
    "1",
    "s/epoch",
    "h",
    "epochs",
    "GB",
    "frames/s",
    "M parameters",
    "classes",
    "settings",
    "data sets",
]
"""`points`: a difference of percentages. `1`: a number without unit, FID say. The last three are counts."""

_RANK: dict[Origin, int] = {"paper": 0, "seed": 1, "secondary": 2}

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

_WORD = r"[a-z0-9][a-z0-9.+-]*"
_SETTING = re.compile(rf"({_WORD}|{_WORD}={_WORD})(/{_WORD}={_WORD})*")


class PublishedNumber(BaseModel):
    """One number of a publication.

    Without `over` it is the method's score; with it, the gain over that method. `setting` sets a number apart from the
    method's plain result (shots, an ablation …). A score and a gain, or two settings, are never taken for one another.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    publication: Text
    """Name of the file that the number stands in."""
    task: Text
    method: Text
    model: Text
    metric: Text
    split: Text = "test"
    over: Text | None = None
    setting: str = ""
    """`regime/axis=value/…`, in lower case, the axes in alphabetical order; either part may be absent. `10-shot`,
    `5-shot/generator=sd-1.5`, `mask-quality=lowest`."""
    value: float
    unit: Unit = "%"
    """Default: `%`, and `points` of a gain."""
    spread: float | None = Field(default=None, ge=0)
    """Value of the published ±, in the unit."""
    spread_kind: SpreadKind | None = None
    """None: the source does not say."""
    n: int | None = Field(default=None, ge=1)
    """Runs that the value is the mean of."""
    source: Origin
    inferred: bool = False
    """Computed from other printed numbers, and not printed itself."""
    where: Text
    note: str = Field(default="", validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _gains_are_in_points(cls, fields: Any) -> Any:
        return {"unit": "points", **fields} if isinstance(fields, dict) and fields.get("over") else fields

    @field_validator("setting")
    @classmethod
    def _setting_has_one_spelling(cls, setting: str) -> str:
        axes = [part.partition("=")[0] for part in setting.split("/") if "=" in part]
        if (setting and not _SETTING.fullmatch(setting)) or axes != sorted(set(axes)):
            raise ValueError(
                "must be regime/axis=value/… in lower case, each axis once and in alphabetical order, such as 10-shot, "
                "5-shot/generator=sd-1.5 or mask-quality=lowest"
            )
        return setting

    @field_validator("unit")
    @classmethod
    def _points_are_of_gains(cls, unit: str, info: ValidationInfo) -> str:
        gain = info.data.get("over") is not None
        if gain and unit == "%":
            raise ValueError("a gain in a percentage is in points")
        if unit == "points" and not gain:
            raise ValueError("points are of gains: say over what, or give the score in %")
        return unit

    @field_validator("spread_kind")
    @classmethod
    def _kind_is_of_a_spread(cls, kind: str | None, info: ValidationInfo) -> str | None:
        if kind is not None and info.data.get("spread") is None:
            raise ValueError("there is no spread that it could be the kind of")
        return kind

    @field_validator("note")
    @classmethod
    def _inferred_says_how(cls, note: str, info: ValidationInfo) -> str:
        if info.data.get("inferred") and not note:
            raise ValueError("an inferred number needs a note that says from what")
        return note

    @property
    def quantity(self) -> tuple[str, str, str, str, str, str | None, str]:
        """Returns what the number is the value of: task, method, model, metric, split, over, setting."""
        return self.task, self.method, self.model, self.metric, self.split, self.over, self.setting

    @property
    def label(self) -> str:
        """`65.1 (secondary)`, `91.0 ± 0.2 rounding (paper, inferred)`: the value with what is known of its spread, and
        its source."""
        kind = f" {self.spread_kind}" if self.spread_kind else ""
        spread = "" if self.spread is None else f" ± {self.spread:g}{kind}"
        marks = f"{self.source}, inferred" if self.inferred else self.source
        return f"{'+' if self.over and self.value >= 0 else ''}{self.figure}{spread} ({marks})"

    @property
    def figure(self) -> str:
        """The value as text; counts and costs without a decimal that nobody printed."""
        return str(self.value) if self.unit in ("%", "points") else f"{self.value:g}"


def load_published(folder: Path = FOLDER) -> list[PublishedNumber]:
    """Every number of the YAML files in a folder, in their order.

    A file has `publication` (its own name), `defaults` (fields that all its numbers share) and `numbers`. Where sources
    disagree, all their numbers stand. Two of one quantity and one kind of source must each name the other's value in
    the note, so that nothing is entered twice by mistake.

    Raises `UserError` naming the file, the number and the field that is wrong.
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
    """Returns the published numbers of exactly this, the most trustworthy first: printed before inferred, then by
    source.

    Every name must match to the letter: MaxBoxAcc is not MaxBoxAccV2.
    """
    wanted = (task, method, model, metric, split, over, setting)
    found = [number for number in numbers if number.quantity == wanted]
    return sorted(found, key=lambda number: (number.inferred, _RANK[number.source]))


@cache
def _load(folder: Path) -> tuple[PublishedNumber, ...]:
    placed = [entry for path in sorted(folder.glob("*.yaml")) for entry in _read(path)]
    _check_conflicts(placed)
    return tuple(number for _, number in placed)


Placed = tuple[str, PublishedNumber]
"""A published number with its place (file and place in it)."""


def _read(path: Path) -> list[Placed]:
    import yaml

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is ten times faster
        content = yaml.load(path.read_text(encoding="utf-8"), loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a YAML file: {error}") from error
    if not isinstance(content, dict) or set(content) != {"publication", "defaults", "numbers"}:
        raise UserError(f"{path}: must have publication, defaults and numbers, and nothing else")
    if content["publication"] != path.stem:
        raise UserError(f"{path}: publication: must be the file's name, {path.stem!r} (got {content['publication']!r})")
    for part, form in (("defaults", dict), ("numbers", list)):
        if not isinstance(content[part], form):
            raise UserError(
                f"{path}: {part}: must be a {'mapping' if form is dict else 'list'} (got {content[part]!r})"
            )
    shared = {"publication": path.stem, **content["defaults"]}
    places = [(f"{path}: number {place}", fields) for place, fields in enumerate(content["numbers"], start=1)]
    return [(place, _number(shared, fields, place)) for place, fields in places]


def _number(shared: dict[str, Any], fields: Any, where: str) -> PublishedNumber:
    if not isinstance(fields, dict):
        raise UserError(f"{where}: must be a mapping of fields to values (got {fields!r})")
    fields = {**shared, **fields}
    if fields.get("spread") is not None and "spread_kind" not in fields:
        kinds = ", ".join(get_args(SpreadKind))
        raise UserError(f"{where}: spread_kind: say what the ± is, one of {kinds}; null where the source does not say")
    try:
        return PublishedNumber.model_validate(fields)
    except ValidationError as error:
        raise UserError("\n".join(describe_issues(error, where, PublishedNumber))) from None


def _check_conflicts(placed: Sequence[Placed]) -> None:
    """Two numbers of one quantity and one kind of source name each other's values in their notes."""

    def key(entry: Placed) -> tuple[str, ...]:
        return (*(part or "" for part in entry[1].quantity), entry[1].source)

    for _, same in groupby(sorted(placed, key=key), key):
        for (place, number), (elsewhere, other) in permutations(same, 2):
            if abs(other.value) not in map(float, re.findall(r"\d+(?:\.\d+)?", number.note)):
                raise UserError(
                    f"{place}: note: {elsewhere} has the same quantity from the same kind of source "
                    f"({', '.join(part for part in key((place, number)) if part)}), {other.value}. Where two places "
                    f"disagree, the note of each names the other's value (got {number.note!r}); otherwise tell them "
                    "apart by setting"
                )
