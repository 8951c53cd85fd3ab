"""`provbench gc`: what of an output folder can go."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from provbench.registry.base import UserError

from ..terminal import (
    DEFAULT_DATA,
    DEFAULT_OUT,
    JsonOption,
    OutOption,
    PluginOption,
    print_json,
    print_rows,
    say,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provbench.suites.driving import Garbage


def add_to(app: typer.Typer) -> None:
    app.command()(gc)


def gc(
    out: OutOption = DEFAULT_OUT,
    keep: Annotated[
        Literal["none", "best", "last", "all"],
        typer.Option(
            help="Of which epochs finished runs keep their weights; best: by any selection protocol's metric."
        ),
    ] = "all",
    quarantine: Annotated[
        bool, typer.Option(help="Damaged files and synthetic sets that were set aside, and sets that were begun, too.")
    ] = False,
    superseded: Annotated[bool, typer.Option(help="Records that --rerun replaced, and their files, too.")] = False,
    decoded: Annotated[
        bool, typer.Option(help="All decoded images, and not only those unused for 30 days; runs decode them again.")
    ] = False,
    data: Annotated[
        Path | None, typer.Option(envvar="PROVBENCH_DATA", help="Data root; default: data, where it is there.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes/--dry-run", help="Remove it, instead of only saying what could go.")
    ] = False,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Free disk space: what killed processes left, and weights beyond --keep. Never touches a record or a data set.

    With --data, an output folder need not be there: then only the data root is looked at.
    """
    from provbench.registry import load_plugins
    from provbench.suites.driving import Output, find_data_garbage, find_garbage, output_lock, remove

    has_records = (out / "records").is_dir()
    if not has_records and (data is None or not data.is_dir()):
        raise UserError(
            f"{out}: no output folder with records; give the one of `provbench run` as --out, or a data root as --data"
        )
    load_plugins(tuple(plugin or ()))
    with output_lock(out, announce=False) if has_records else nullcontext():  # the disk may be full
        garbage = find_garbage(Output(out), keep, quarantine, superseded) if has_records else []
        garbage += find_data_garbage(data or DEFAULT_DATA, quarantine, decoded)
        if yes:
            remove(garbage)
    kinds = _by_kind(garbage)
    if json:
        print_json({"removed": yes, "kinds": kinds, "paths": [str(item.path) for item in garbage]})
    else:
        _print(kinds, yes)


def _by_kind(garbage: Sequence[Garbage]) -> list[dict[str, Any]]:
    from provbench.suites.driving import KINDS

    of_kind = {kind: [item for item in garbage if item.kind == kind] for kind in KINDS}
    return [
        {
            "kind": kind,
            "files": sum(item.files for item in items),
            "bytes": sum(item.bytes for item in items),
            "what": KINDS[kind],
        }
        for kind, items in of_kind.items()
        if items
    ]


def _print(kinds: Sequence[dict[str, Any]], removed: bool) -> None:
    from rich.filesize import decimal

    if not kinds:
        say("nothing can go")
        return
    print_rows(list(kinds[0]), [list(one.values()) for one in kinds])
    freed = decimal(sum(one["bytes"] for one in kinds))
    say(f"{freed} freed" if removed else f"{freed} can be freed: add --yes to remove all of this")
