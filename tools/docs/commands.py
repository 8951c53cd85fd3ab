"""Pages of the command line and of suite files, from what the commands say of themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer

from ..commands import reference
from .markdown import table


def command_page(app: typer.Typer) -> str:
    """Returns the page of every command, its arguments and its options."""
    group: Any = typer.main.get_command(app)
    before = f"Options of every command, which stand before its name: `provbench -q run mini`.\n\n{_options(group)}\n"
    return f"# Command line\n\n{before}\n" + "\n".join(_commands(group, "provbench", None))


def _commands(command: Any, name: str, above: Any) -> Iterator[str]:
    context = typer.Context(command, info_name=name, parent=above)
    if hasattr(command, "list_commands"):
        for inner in command.list_commands(context):
            yield from _commands(command.get_command(context, inner), f"{name} {inner}", context)
        return
    yield f"## {name}\n"
    yield f"{inspect.cleandoc(command.help or '')}\n"
    if command.params:
        yield _options(command)


def _options(command: Any) -> str:
    """Returns the table of a command's arguments and options."""
    rows = [
        (
            " ".join(f"`{option}`" for option in (*one.opts, *one.secondary_opts))
            if one.param_type_name == "option"
            else f"`{one.metavar or one.name.upper()}`",
            getattr(one, "help", "") or "",
        )
        for one in command.params
        if not getattr(one, "hidden", False)
    ]
    return table(("argument or option", "meaning"), rows) if rows else ""


def suite_page() -> str:
    """Returns the page of every key of a suite file."""
    rows = [
        (f"`{key}`", kind, f"`{default}`" if default else "", meaning)
        for key, kind, default, meaning in reference.suite_keys()
    ]
    intro = "`provbench schema` prints the JSON schema, by which editors complete and check suite files.\n\n"
    return f"# Suite files\n\n{intro}{table(('key', 'type', 'default', 'meaning'), rows)}"
