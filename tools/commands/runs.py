"""`provbench show` and `provbench why`: a run's record, and what its key is made of."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from provbench.registry.base import UserError, leaves, nearest

from ..terminal import (
    DEFAULT_OUT,
    HOW_TO_RETRY,
    JsonOption,
    OutOption,
    print_json,
    print_rows,
    say,
)

KeyArgument = Annotated[str, typer.Argument(help="A run key, or its first digits.")]

_APART = {"parameters", "val", "test", "curve", "versions", "identity", "traceback", "plugins", "calibrated"}
"""Fields of a record that are not shown as they are."""


def add_to(app: typer.Typer) -> None:
    app.command()(show)
    app.command()(why)


def show(key: KeyArgument, out: OutOption = DEFAULT_OUT, json: JsonOption = False) -> None:
    """Show a run's record."""
    record = find_record(key, out)
    if json:
        print_json(record.model_dump(mode="json"))
        return
    plain = record.model_dump(mode="json", exclude=_APART)
    rows: list[tuple[str, Any]] = [(name, value) for name, value in plain.items() if value not in ("", None)]
    rows += [(f"{name} (parameter)", value) for name, value in sorted(record.parameters.items())]
    rows += _calibrated(record)
    for split, metrics in (("val", record.val), ("test", record.test)):
        rows += [(f"{split} {name}", f"{value:.3f}") for name, value in metrics.items()]
    rows += [(f"version of {name}", value) for name, value in record.versions.items()]
    rows += [(f"code of {name}", _code(code)) for name, code in record.plugins.items()]
    print_rows(("field", "value"), rows)
    if record.curve:
        header = list(record.curve[-1])
        curve = [[f"{entry.get(name, float('nan')):.4g}" for name in header] for entry in record.curve]
        print_rows(header, curve, title="curve")
    if record.status == "failed":
        say(record.traceback.rstrip() or "no traceback was recorded")
        say(f"{HOW_TO_RETRY}: provbench run SUITE --retry-failed")


def _calibrated(record: Any) -> list[tuple[str, str]]:
    return [(f"{name} (calibrated)", f"{value:.6g}") for name, value in record.calibrated.items()]


def _code(code: Any) -> str:
    file = f" ({code.file}, SHA-256 {code.sha256})" if code.sha256 else ""
    return f"version {code.version} of {code.origin}{file}"


def why(
    key: KeyArgument,
    other: Annotated[str | None, typer.Argument(help="Another key: show what differs.")] = None,
    out: OutOption = DEFAULT_OUT,
    json: JsonOption = False,
) -> None:
    """Explain what a run key is made of, or why two keys differ."""
    from provbench.suites.planning import digest

    record = find_record(key, out)
    parts = dict(leaves(record.identity))
    if other is not None:
        theirs = dict(leaves(find_record(other, out).identity))
        names = sorted(set(parts) | set(theirs))
        changed = {name: (parts.get(name), theirs.get(name)) for name in names if parts.get(name) != theirs.get(name)}
        if json:
            print_json(changed)
        elif changed:
            print_rows(("part", key, other), [(name, *values) for name, values in changed.items()])
        else:
            say("the two keys are of one run")
        return
    if json:
        print_json({"key": record.key, "identity": record.identity, "recomputed": digest(record.identity)})
        return
    print_rows(("part of the key", "value"), parts.items())
    for name, value in _calibrated(record):
        say(f"{name}: {value}, which the run found for itself, and which is no part of the key")
    say(f"SHA-256 of these parts as canonical JSON begins with {digest(record.identity)}; the key is {record.key}")


def find_record(prefix: str, out: Any) -> Any:
    from provbench.results.store import Store

    store = Store(out)
    record = store.get(prefix)
    if record is not None:
        return record
    known = store.keys()
    matches = [key for key in known if key.startswith(prefix)]
    if len(matches) > 1:
        raise UserError(f"{prefix!r} begins {len(matches)} keys of {out}: {', '.join(matches[:5])} …")
    if not matches:
        close = nearest(prefix, known) if len(known) <= 20 else f". {len(known)} records are there."
        raise UserError(f"no record {prefix!r} in {out}{close}")
    found = store.get(matches[0])
    if found is None:
        raise UserError(f"the record {matches[0]} in {out} is damaged")
    return found
