"""`provbench init`: a first suite on a user's own images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provbench.registry.base import UserError

from ..terminal import DEFAULT_DATA, DataOption, JsonOption, print_json, progress_bar, say

if TYPE_CHECKING:
    from provbench.benchmarks.own_images import Survey

    from .first_suite import Choice

NAMES = 10
"""Classes or groups that are listed by name."""


def add_to(app: typer.Typer) -> None:
    app.command()(init)


def init(
    place: Annotated[
        Path, typer.Argument(metavar="DIR|CSV", help="A folder with a folder for each class, or with a CSV file.")
    ],
    out: Annotated[Path, typer.Option(help="The suite file to write.")] = Path("suite.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite the suite file.")] = False,
    data: DataOption = DEFAULT_DATA,
    json: JsonOption = False,
) -> None:
    """Look at your own images, say what was found, and write a first suite that `provbench run` accepts.

    The images stay where they are. Every one is decoded; broken ones and faults of the CSV file are listed with their
    remedies, and then no suite is written and the exit code is 2.
    """
    from provbench.benchmarks.own_images import look
    from provbench.registry import weights_folder
    from provbench.registry.base import atomic_file

    from .first_suite import choose, suite_name, suite_text

    if out.exists() and not force:
        raise UserError(f"{out}: exists already: choose another file with --out, or overwrite it with --force")
    with progress_bar() as bar:
        job = bar.add_task(f"looking at {place}", total=None, note="")
        survey = look(place, lambda done, total: bar.update(job, completed=done, total=total))
    choice = choose(survey, weights_folder(data))
    if not survey.problems:
        text = suite_text(survey, choice, suite_name(survey.root.resolve().name), _path(survey.root, data))
        with atomic_file(out) as file:
            file.write(text.encode())
    if json:
        print_json(_as_json(survey, choice, out))
    else:
        say("\n".join(_report(survey, choice, out)))
    if survey.problems:
        raise typer.Exit(2)


def _path(root: Path, data: Path) -> str:
    """Returns the folder as the task's parameter names it: relative to the data root if it lies there."""
    folder, base = root.resolve(), data.resolve()
    return str(folder.relative_to(base) if folder.is_relative_to(base) and folder != base else folder)


def _report(survey: Survey, choice: Choice, out: Path) -> Iterator[str]:
    from .first_suite import methods_of

    where = survey.root if survey.csv is None else survey.root / survey.csv
    if survey.images:
        yield f"{where}: {survey.images} images of {len(survey.classes)} classes: {_named(survey.classes)}"
        yield f"sizes: {_size(survey.small)} to {_size(survey.large)} pixels, in the middle {_size(survey.middle)}"
        yield f"splits: {_named(survey.splits)}{_drawn(survey)}"
        yield f"groups: {_named(survey.groups) or 'none'}"
        yield f"with boxes: {survey.boxes}; with masks: {survey.masks}; with captions: {survey.captions}"
    yield from (f"note: {note}" for note in survey.notes)
    if survey.problems:
        count = len(survey.problems)
        yield f"{count} thing{'s' * (count != 1)} to mend; then run `provbench init` again (no suite was written):"
        yield from survey.problems
        return
    yield f"network: {choice.model}, since {choice.why}"
    yield f"methods: {', '.join(methods_of(survey))}"
    yield f"wrote {out}; next: provbench run {out}"


def _drawn(survey: Survey) -> str:
    if not survey.drawn:
        return ""
    return f" ({', '.join(survey.drawn)} drawn by seed 0; the first run keeps them in a file beside the images)"


def _named(counts: Mapping[str, int]) -> str:
    names = [f"{name} {count}" for name, count in list(counts.items())[:NAMES]]
    more = [f"and {len(counts) - NAMES} more"] if len(counts) > NAMES else []
    return ", ".join([*names, *more])


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _as_json(survey: Survey, choice: Choice, out: Path) -> dict[str, object]:
    from .first_suite import methods_of

    written = None if survey.problems else str(out)
    found = {**asdict(survey), "root": str(survey.root), "images": survey.images}
    return {**found, "model": choice.model, "methods": list(methods_of(survey)), "suite": written}
