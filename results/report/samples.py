"""A run's predictions, sample by sample: a part of them to look at, all of them to take away and to compare by."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from provbench.registry.base import sample_name

from .content import Samples
from .scripts import call
from .words import value_text

SHOWN = 200
"""Samples that a run's page shows."""

SPLITS = ("test", "val")

CLASS_COLUMNS = ("label", "predicted")
"""Columns of predictions that are numbers of classes."""

ColumnKind = Literal["bool", "real", "whole", "text"]


@dataclass(frozen=True)
class SampleTable:
    """The first samples as text, and how many there are."""

    split: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    count: int
    download: str
    """Path in the site of all of them as CSV."""


def sample_table(samples: Samples, split: str, download: str) -> SampleTable:
    """The first samples of a split."""
    columns = list(samples)
    parts = [samples[name][:SHOWN].tolist() for name in columns]
    rows = [[_text(value) for value in row] for row in zip(*parts, strict=True)]
    return SampleTable(split, columns, rows, count(samples), download)


def with_names(samples: Samples, classes: Sequence[str]) -> Samples:
    """Returns the samples with the names of classes instead of their numbers, in the columns that have any."""
    import numpy as np

    if not classes:
        return samples
    return {
        name: np.array([classes[value] if 0 <= value < len(classes) else str(value) for value in column.tolist()], str)
        if name in CLASS_COLUMNS and column.ndim == 1 and column.dtype.kind in "iu"
        else column
        for name, column in samples.items()
    }


def count(samples: Samples) -> int:
    return len(next(iter(samples.values()), ()))


def samples_path(key: str) -> str:
    """Returns the path of `samples_script` in the site."""
    return f"data/{key}.js"


def samples_script(key: str, samples: Samples, pictures: Mapping[int, str]) -> str:
    """Returns the script that the comparison page needs of a run. pictures: path in the site by position of the
    sample.
    """
    columns = [
        {"name": name, "kind": kind, "values": list(_values(column, kind))}
        for name, column in samples.items()
        if (kind := _kind(column)) is not None
    ]
    return call("provbench.samples", {"key": key, "columns": columns, "pictures": list(pictures.items())})


def pictured(samples: Samples, pictures: Mapping[Path, str]) -> dict[int, str]:
    """The picture of each sample that has one, by the sample's place, as far as the files' names say whose they are.

    pictures: path in the site by the file that was copied.
    """
    places: dict[str, list[int]] = {}
    for place, sample in enumerate(samples["id"].tolist() if pictures and "id" in samples else ()):
        places.setdefault(sample_name(str(sample)), []).append(place)
    found = {path: places.get(sample_name(file.name), []) for file, path in pictures.items()}
    return {of[0]: path for path, of in found.items() if len(of) == 1}


def _kind(column: Any) -> ColumnKind | None:
    kinds: dict[str, ColumnKind] = {"b": "bool", "f": "real", "i": "whole", "u": "whole", "U": "text", "S": "text"}
    return kinds.get(column.dtype.kind) if column.ndim == 1 else None


def _values(column: Any, kind: ColumnKind) -> Iterator[Any]:
    for value in column.tolist():
        if kind == "bool":
            yield int(value)
        elif kind == "real":
            yield float(f"{value:.6g}") if isfinite(value) else None  # half the bytes
        else:
            yield value if isinstance(value, (int, str)) else str(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value_text(value) if not isinstance(value, list) else json.dumps(value)
