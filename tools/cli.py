"""`provbench`: the command line. Imports nothing heavy, so that `--help` answers at once."""

from __future__ import annotations

import sys
import warnings
from typing import Annotated

import typer

from ..registry.errors import UserError
from .commands import catalog, compare, data, disk, pictures, replay, report, results, runs, search, suite, sync

INTERRUPTED = 130
"""Exit code that typer turns Ctrl-C into."""

app = typer.Typer(
    name="provbench",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Benchmark methods that learn from synthetic data: run suites, search hyper-parameters, regenerate tables.",
)
catalog.add_to(app)
suite.add_to(app)
search.add_to(app)
runs.add_to(app)
disk.add_to(app)
sync.add_to(app)
replay.add_to(app)
compare.add_to(app)
pictures.add_to(app)
report.add_to(app)
app.add_typer(data.app, name="data")
app.add_typer(results.app, name="results")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"provbench {version('provbench')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line.

    Exit codes: 0 done; 1 a final run failed or was lost, a search has no result, or something differs; 2 something is
    the user's to mend; 130 interrupted.
    """
    warnings.showwarning = _show_warning
    try:
        app()
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            _complain("interrupted; what was finished is kept, and the same command goes on from here")
        raise
    except UserError as error:
        _complain(str(error))
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(141)
    except OSError as error:
        _complain(f"{error.filename or 'input or output'}: {error.strerror or error}")
        sys.exit(2)


def _complain(message: str) -> None:
    print(f"provbench: {message}", file=sys.stderr)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    _complain(f"warning: {message}")


if __name__ == "__main__":
    main()
