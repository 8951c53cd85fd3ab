"""Downloads as commands show them: progress, and the list of a task's files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from provbench.registry import TASKS
from provbench.registry.base import UserError

from ..terminal import plan_of, print_json, say, transfer_bar

if TYPE_CHECKING:
    from provbench.benchmarks.downloads import DataFile
    from provbench.suites.planning import Plan


def bring(tasks: Sequence[str], data_root: Path, adopted: Path | None = None, offline: bool = False) -> None:
    """Brings the data of tasks to their places, or raises what `fetch_all` and `adopt` raise."""
    from provbench.benchmarks.downloads import adopt, fetch_all

    for name in tasks:
        files, root = _files(name), data_root / TASKS.get(name).folder
        if adopted is not None:
            adopt(files, root, data_root, adopted, say)
        with transfer_bar() as bar:
            jobs: dict[str, Any] = {}

            def report(what: str, done: int, total: int, jobs: dict[str, Any] = jobs, bar: Any = bar) -> None:
                if what not in jobs:
                    jobs[what] = bar.add_task(what, total=None)
                bar.update(jobs[what], completed=done, total=total or None)

            left = fetch_all(files, root, data_root, report, bar.console.print, offline)
        for file in left:
            say(f"{name}: {file.name} is optional, and must be fetched by hand: {file.by_hand}")


def full_tasks(reference: str, plugin: Sequence[str] | None) -> list[str]:
    """Returns the registered names of a task, or of a suite's tasks, without those whose data are generated."""
    name, _, variant = reference.partition(":")
    if name in TASKS:
        return [] if TASKS.get(name).variant_named(variant or "full", name).generated else [name]
    return full_tasks_of(plan_of(reference, list(plugin or ())))


def full_tasks_of(plan: Plan) -> list[str]:
    """Returns the registered names of a plan's tasks, without those whose data are generated."""
    cells = plan.sections().values()
    return list(dict.fromkeys(cell.task.name for cell in cells if not cell.variant.generated))


def _files(name: str) -> Sequence[DataFile]:
    """Returns the files of a registered task's full data set, of which there must be some."""
    from provbench.benchmarks.downloads import files_of

    files = files_of(TASKS.get(name), name)
    if not files:
        raise UserError(
            f"{name}: no files to fetch are known: its data must be put below its folder by hand; for images of your "
            "own, `provbench init DIR` writes a suite"
        )
    return files


def show_files(reference: str, data_root: Path, links: bool, json: bool) -> None:
    """Prints the files of a task's full data set, and how its generated variants are made.

    reference: a task, or one of its variants. links: every address is asked; exit code 1 if one does not have its file.
    """
    from provbench.benchmarks.downloads import ask_links, in_place

    name, generated = reference.partition(":")[0], _generated(reference)
    files, root = _files(name), data_root / TASKS.get(name).folder
    answers = {(link.file, link.url): link.problem for link in ask_links(files)} if links else {}
    rows = [
        {
            **file.model_dump(mode="json", exclude_defaults=True),
            "in_place": in_place(file, root),
            **({"links": {url: answers[file.name, url] or "ok" for url in file.urls}} if links else {}),
        }
        for file in files
    ]
    if json:
        print_json({"task": name, "folder": str(root), "files": rows, "generated": generated})
    else:
        say(f"{name}: files below {root.absolute()}")
        for file, row in zip(files, rows, strict=True):
            _say_file(file, row)
        if any(not row["in_place"] and file.urls for file, row in zip(files, rows, strict=True)):
            say(f"`provbench data prepare {name} --download` fetches what is missing")
        for variant in generated:
            say(f"{name}:{variant} needs none of them: `provbench data prepare {name}:{variant}` generates its data")
    if any(answers.values()):
        raise typer.Exit(1)


def _say_file(file: DataFile, row: dict[str, Any]) -> None:
    size = f"{file.size / 1e6:,.1f} MB" if file.size else "size not published"
    state = "in place" if row["in_place"] else "missing, optional" if file.optional else "missing"
    say(f"{file.name} ({size}): {state}")
    say(f"  gives {file.provides}{f'; {file.digest}' if file.digest else '; no digest is published'}")
    for url in file.urls:
        answer = row.get("links", {}).get(url)
        say(f"  {url}{f'  [{answer}]' if answer else ''}")
    if file.by_hand:
        say(f"  by hand: {file.by_hand}")
    say(f"  licence: {file.licence}; facts {'checked' if file.verified else 'not checked'}: {file.source}")


def _generated(reference: str) -> list[str]:
    """Returns the names of a task's generated variants. Raises `UserError` for a variant that it does not have."""
    name, _, variant = reference.partition(":")
    task = TASKS.get(name)
    task.variant_named(variant or "full", name)
    return [one.name for one in task.variants if one.generated]
