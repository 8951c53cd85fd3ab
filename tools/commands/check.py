"""`provbench check`: whether a suite's rankings could change with more training."""

from __future__ import annotations

import typer

from provbench.registry.base import MissingDataError, UserError

from ..terminal import (
    DEFAULT_DATA,
    DEFAULT_OUT,
    DataOption,
    JsonOption,
    OutOption,
    PluginOption,
    StorageOption,
    SuiteArgument,
    plan_of,
    print_json,
    say,
)


def add_to(app: typer.Typer) -> None:
    app.command()(check)


def check(
    suite: SuiteArgument,
    out: OutOption = DEFAULT_OUT,
    data: DataOption = DEFAULT_DATA,
    storage: StorageOption = None,
    plugin: PluginOption = None,
    json: JsonOption = False,
) -> None:
    """Fail (exit code 1) where a ranking in a suite's tables could change with more training, or one cannot tell.

    The order of two rows could change where runs of the lower one were still improving, and five times what they gained
    in the last fifth of their training would bring it level with the higher one. One cannot tell where a run has fewer
    than 6 validations in its last half, or is missing. A learning rate that ends at zero flattens a curve, too: only a
    longer budget proves more.
    """
    from provbench.suites.driving import Output
    from provbench.suites.showing import doubt_fields, doubt_words, doubts_of, make_tables, survey

    planned = plan_of(suite, plugin)
    try:
        states = survey(planned, Output(out), data, storage, tabled=True)
    except MissingDataError as error:
        raise UserError(f"data are not ready, so there are no runs to check: {error}") from None
    found = doubts_of(make_tables(planned, states))
    settled = not any(found.values())
    if json:
        tables = {name: [doubt_fields(doubt) for doubt in doubts] for name, doubts in found.items()}
        print_json({"suite": planned.file.suite.name, "settled": settled, "tables": tables})
    else:
        for name, doubts in found.items():
            say(f"{name}: {'no ranking could change with more training' if not doubts else ''}".rstrip())
            for doubt in doubts:
                say(f"  {doubt_words(doubt)}")
    if not settled:
        raise typer.Exit(1)
