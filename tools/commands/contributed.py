"""Commands that tasks contribute: looked up when they are called or listed, so that nothing else waits for plugins."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, get_type_hints

import typer
from typer.core import TyperGroup
from typer.main import get_command

from ..terminal import DEFAULT_DATA, DEFAULT_OUT, DataOption, OutOption, PluginOption, StorageOption, SuiteArgument, say

MethodOption = Annotated[list[str] | None, typer.Option(help="A method; may be repeated. Default: all.")]
SeedOption = Annotated[int | None, typer.Option(help="The runs' seed; default: the suite's first.")]

DATA = inspect.Parameter("data", inspect.Parameter.KEYWORD_ONLY, default=DEFAULT_DATA, annotation=DataOption)
CHOICE = {
    "method": (MethodOption, None),
    "seed": (SeedOption, None),
    "out": (OutOption, DEFAULT_OUT),
    "storage": (StorageOption, None),
    "plugin": (PluginOption, None),
}
"""Options of every command that is given runs, with their defaults."""


class ContributedGroup(TyperGroup):
    """A group of commands that shows the registered ones after its own."""

    prefix: ClassVar[str] = ""
    """Prefix of the registered names that belong to this group."""

    def list_commands(self, ctx: Any) -> list[str]:
        own = super().list_commands(ctx)
        return [*own, *(name for name in self._contributed() if name not in own)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        own = super().get_command(ctx, cmd_name)
        if own is not None or cmd_name not in self._contributed():
            return own
        from provbench.registry import COMMANDS

        return command(cmd_name, COMMANDS.get(self.prefix + cmd_name))

    def _contributed(self) -> list[str]:
        from provbench.registry import COMMANDS

        names = [name.removeprefix(self.prefix) for name in COMMANDS.names() if name.startswith(self.prefix)]
        return [name for name in names if " " not in name]


class ContributedDataGroup(ContributedGroup):
    """The group `provbench data`."""

    prefix = "data "


def command(name: str, function: Callable[..., str | None]) -> Any:
    """Returns a command that fills in what `COMMANDS` promises to a function, and prints what it returns."""
    asked = inspect.signature(function).parameters
    hints = get_type_hints(function, include_extras=True)

    def call(**values: Any) -> None:
        own = {key: value for key, value in values.items() if key in asked}
        if "runs" in asked:
            own["runs"] = lambda: _runs(values)
        if "progress" not in asked:
            _say(function(**own))
            return
        from ..terminal import progress_bar

        with progress_bar() as bar:
            job = bar.add_task(name.replace("-", " "), total=None, note="")
            text = function(**own, progress=lambda done, total: bar.update(job, completed=done, total=total))
        _say(text)

    call.__doc__ = inspect.getdoc(function)
    call.__signature__ = inspect.Signature(_parameters(asked, hints))  # pyright: ignore[reportFunctionMemberAccess]
    call.__annotations__ = {key: one.annotation for key, one in inspect.signature(call).parameters.items()}
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(name)(call)
    return get_command(app)


def _parameters(asked: Any, hints: dict[str, Any]) -> list[inspect.Parameter]:
    """Returns the parameters of the command: those that choose runs first, then the function's own."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = {
        key: one.replace(kind=keyword, annotation=hints[key])
        for key, one in asked.items()
        if key not in ("runs", "progress", "data")
    }
    if "runs" in asked:
        own = {"suite": inspect.Parameter("suite", keyword, annotation=SuiteArgument), **own}
        for key, (annotation, default) in CHOICE.items():
            own.setdefault(key, inspect.Parameter(key, keyword, default=default, annotation=annotation))
    if "data" in asked or "runs" in asked:
        own["data"] = DATA
    return list(own.values())


def _runs(values: dict[str, Any]) -> Any:
    from ..terminal import final_runs

    return final_runs(
        values["suite"],
        task=values["task"],
        methods=values["method"],
        seed=values["seed"],
        plugins=values["plugin"] or (),
        out=values["out"],
        data=values["data"],
        storage=values["storage"],
    )


def _say(text: str | None) -> None:
    if text:
        say(text)
