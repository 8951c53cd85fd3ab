"""The page of the published numbers, with their sources."""

from __future__ import annotations

from itertools import groupby

from provbench.results import load_published

from .markdown import table


def published_page() -> str:
    """Returns every number of `results/published`, by publication, with where it stands."""
    parts = [
        "# Published numbers\n",
        "The numbers that stand beside measured ones, as data. `paper`: printed there; `secondary`: told by others; "
        "`seed`: known from a task's description. Numbers of different settings, metrics or splits do not compare.\n",
    ]
    numbers = sorted(load_published(), key=lambda one: one.publication)
    for publication, of in groupby(numbers, key=lambda one: one.publication):
        rows = [
            (
                one.task,
                one.method + (f" over {one.over}" if one.over else ""),
                one.model,
                one.metric + (f" ({one.split})" if one.split != "test" else ""),
                one.setting,
                f"{one.value:g}{f' ± {one.spread:g}' if one.spread else ''} {one.unit}",
                one.source + (", inferred" if one.inferred else ""),
                "; ".join(filter(None, (one.where, one.note))),
            )
            for one in of
        ]
        parts.append(f"## {publication}\n")
        parts.append(table(("task", "method", "network", "metric", "setting", "value", "source", "where, notes"), rows))
    return "\n".join(parts)
