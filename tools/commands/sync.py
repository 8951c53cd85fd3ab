"""`provbench sync`: from the offline W&B runs to W&B."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from provbench.registry.base import UserError

from ..terminal import (
    DEFAULT_OUT,
    JsonOption,
    OutOption,
    complain,
    print_json,
    say,
)


def add_to(app: typer.Typer) -> None:
    app.command()(sync)


def sync(
    out: OutOption = DEFAULT_OUT,
    project: Annotated[str | None, typer.Option(help="W&B project; default: the one of each offline run.")] = None,
    entity: Annotated[str | None, typer.Option(help="W&B user or team; default: your own.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Only say what would be uploaded.")] = False,
    json: JsonOption = False,
) -> None:
    """Upload the W&B runs of `run --track wandb` that have not been uploaded. Goes on where it was left."""
    from provbench.suites.driving import Output
    from provbench.suites.trackers import Destination, WandbSync

    if not out.is_dir():
        raise UserError(f"{out}: no such output folder; give the one of `provbench run --track wandb` as --out")
    uploads = WandbSync(Output(out).trackers / "wandb", Destination(project, entity))
    pending = uploads.pending()
    if dry_run:
        if json:
            print_json({"pending": list(pending)})
        else:
            say("\n".join(f"would upload {key}" for key in pending) or "nothing to upload")
        return
    uploaded, failed = uploads.upload(_Progress(len(pending)).tell)
    if json:
        print_json({"uploaded": uploaded, "failed": failed})
    else:
        say(f"{len(uploaded)} W&B runs uploaded, {len(failed)} failed" if pending else "nothing to upload")
    if failed:
        raise typer.Exit(1)


class _Progress:
    """Tells of each batch on standard error: an upload may take long."""

    def __init__(self, total: int) -> None:
        self._total, self._tried = total, 0

    def tell(self, tried: int, failed: Mapping[str, str]) -> None:
        for key, reason in failed.items():
            complain([f"{key} was not uploaded: {reason}"])
        self._tried += tried
        complain([f"{self._tried} of {self._total} W&B runs done"])
