"""The synthetic set of a cell as reports describe it: its manifest, and the analysis if there is one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from provbench.registry.base import UserError
from provbench.registry.synthesizers import SyntheticSet, read_manifest
from provbench.results.report import SyntheticImages

from ..planning import Cell, found_set

ANALYSIS = "analysis.json"
"""File in a set's folder that `provbench synthetic analyse` writes."""
_COLUMNS = {
    "real": "real",
    "synthetic": "synthetic",
    "fid": "Fréchet distance",
    "kid": "kernel distance",
    "diversity": "diversity",
    "real_diversity": "of real images",
    "nearest": "to the nearest real image",
    "copies": "share of copies",
    "mask": "share of the mask",
}
"""Columns of the table, by their names in the analysis."""


def synthetic_images(cell: Cell, data_root: Path) -> SyntheticImages | None:
    """Returns what there is to say of a cell's synthetic set; None where there is no set, or it cannot be read."""
    if cell.synthesizer is None:
        return None
    try:
        folder = found_set(cell, data_root)
        return None if folder is None else _described(read_manifest(folder), _analysis(folder))
    except (UserError, OSError):
        return None


def _described(made: SyntheticSet, analysis: Mapping[str, Any]) -> SyntheticImages:
    header, rows = made.header, made.rows
    facts = [("made by", f"{header.synthesizer}, version {header.version}"), ("images", str(header.images))]
    models = sorted({row.model for row in rows if row.model})
    tuned = sorted({row.lora for row in rows if row.lora})
    facts += [("model", ", ".join(models))] if models else []
    facts += [("tuned weights", f"{len(tuned)}, SHA-256 {tuned[0][:12]}…")] if tuned else []
    if header.kept is not None and header.dropped is not None:
        facts.append(("filter", f"{sum(header.kept)} kept, {sum(header.dropped)} dropped"))
    facts.append(("provenance masks", f"{sum(row.mask is not None for row in rows)} of {len(rows)} images"))
    facts += [("licence", header.licence)] if header.licence else []
    facts += [("first prompt", rows[0].prompt)] if rows and rows[0].prompt else []
    facts += _measured(analysis)
    classes: Sequence[Mapping[str, Any]] = analysis.get("classes", ())
    table = [[str(one.get("name", "")), *(_number(one.get(name)) for name in _COLUMNS)] for one in classes]
    return SyntheticImages(facts, ["class", *_COLUMNS.values()] if table else (), table)


def _measured(analysis: Mapping[str, Any]) -> list[tuple[str, str]]:
    facts = [("distances by", str(analysis["features"]))] if analysis.get("features") else []
    for part, title in (("bank", "captions of the training images"), ("prompts", "prompts")):
        for aspect, one in dict(analysis.get(part) or {}).items():
            text = f"{one['bits']:.3f} bits, chance {one['chance']:.3f}, p = {one['p']:.3f}"
            facts.append((f"information of the {title} about the class: {aspect}", text))
    for name, title in (
        ("agreement", "overlap of masks from attention and from the difference"),
        ("truth", "overlap of masks and the sources' segmentations"),
    ):
        facts += [(title, f"{analysis[name]:.2f}")] if analysis.get(name) is not None else []
    return facts


def _analysis(folder: Path) -> Mapping[str, Any]:
    """Returns the analysis; {} where there is none, or the file is no analysis."""
    with suppress(OSError, ValueError):
        content = json.loads((folder / ANALYSIS).read_text(encoding="utf-8"))
        return content if isinstance(content, dict) else {}
    return {}


def _number(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, int | float) else "–"
