"""`provbench results`: bring the runs of several output folders together, and hand them to other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provbench.registry.base import UserError

from ..terminal import (
    DEFAULT_OUT,
    JsonOption,
    OutOption,
    print_json,
    print_rows,
    say,
)

if TYPE_CHECKING:
    from provbench.results.store import Merged

app = typer.Typer(help="Merge and export run records.", no_args_is_help=True)

INCOMPLETE = 1
"""Exit code of a merge that left something behind."""


@app.command()
def merge(
    other: Annotated[Path, typer.Argument(help="The output folder to take runs from. It is only read.")],
    out: OutOption = DEFAULT_OUT,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and write nothing.")] = False,
    json: JsonOption = False,
) -> None:
    """Copy another output folder's records, predictions, weights and pictures into this one.

    A finished record never changes. One that is finished in both folders with another outcome is a conflict: it is
    listed with both values, and the exit code is 1. So it is where a damaged file was left behind.
    """
    from provbench.results.store import Store, merge as merge_folders

    from ..terminal import progress_bar

    store = Store(out)
    with progress_bar() as bar:
        job = bar.add_task("merging", total=None, note="", visible=not json)
        merged = merge_folders(
            other, store, dry_run=dry_run, progress=lambda done, total: bar.update(job, completed=done, total=total)
        )
    if json:
        print_json(_as_json(merged, dry_run))
    else:
        _print(merged, other, out, dry_run)
    if not merged.complete:
        raise typer.Exit(INCOMPLETE)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="The file to write: .parquet, .csv or .jsonl.")],
    out: OutOption = DEFAULT_OUT,
    curves: Annotated[bool, typer.Option("--curves", help="Also write FILE-curves: a row for each value.")] = False,
    predictions: Annotated[
        bool, typer.Option("--predictions", help="Also write FILE-predictions: a row for each sample.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Write every run as a row: what it was, its parameters, its metrics."""
    from provbench.results.store import Store, check_format, export as tables

    check_format(file)
    store = Store(out)
    if not store.keys():
        raise UserError(f"{out}: has no records to export; name the output folder with --out")
    written = {file: tables.export_runs(store, file)}
    for wanted, name, write in (
        (curves, "curves", tables.export_curves),
        (predictions, "predictions", tables.export_predictions),
    ):
        if wanted:
            path = tables.beside(file, name)
            written[path] = write(store, path)
    if json:
        print_json({"files": [{"file": str(path), "rows": rows} for path, rows in written.items()]})
    else:
        say("\n".join(f"{path}: {rows} rows" for path, rows in written.items()))


def _as_json(merged: Merged, dry_run: bool) -> dict[str, Any]:
    conflicts = [
        {"key": key, "field": differs.field, "here": differs.one, "there": differs.other}
        for key, differs in merged.conflicts.items()
    ]
    damaged = [{"file": str(path), "reason": reason} for path, reason in merged.damaged.items()]
    fates = {name: getattr(merged, name) for name in ("added", "replaced", "same", "kept")}
    return {"dry_run": dry_run, **fates, "files": merged.files, "conflicts": conflicts, "damaged": damaged}


def _print(merged: Merged, other: Path, out: Path, dry_run: bool) -> None:
    if merged.conflicts:
        print_rows(
            ("record", "differs in", f"in {out}", f"in {other}"),
            [(key, differs.field, repr(differs.one), repr(differs.other)) for key, differs in merged.conflicts.items()],
            title="conflicts: finished in both, and left as they are",
        )
    if merged.damaged:
        rows = [(repr(str(path))[1:-1], reason) for path, reason in merged.damaged.items()]
        print_rows(("file", "why"), rows, title="damaged: left where they are")
    counts = {
        "added": len(merged.added),
        "in the place of failed or pruned ones": len(merged.replaced),
        "the same here": len(merged.same),
        "unfinished there and kept here": len(merged.kept),
        "in conflict": len(merged.conflicts),
        "damaged": len(merged.damaged),
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "no records"
    files = f"; {merged.files} files beside them" if merged.files else ""
    say(f"{'would merge' if dry_run else 'merged'} {other} into {out}: {told}{files}")
