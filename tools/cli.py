"""`provbench`: the command line. Imports nothing heavy, so that `--help` answers at once."""

from __future__ import annotations

import errno
import logging
import os
import sys
import traceback
import warnings
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from provbench.registry.base import UserError

from .commands import (
    catalog,
    check,
    compare,
    contributed,
    data,
    disk,
    doctor,
    generate,
    init,
    pictures,
    reference,
    replay,
    report,
    results,
    runs,
    search,
    steering,
    suite,
    sync,
    synthetic,
)
from .terminal import Verbosity, choose, complain, ending_on_signals, say, signal_of, verbose

logger = logging.getLogger("provbench.tools.cli")
CLOSED_PIPE = 141
"""Exit code where whoever read the output has gone: 128 and the number of SIGPIPE, as of any program."""

app = typer.Typer(
    name="provbench",
    cls=contributed.ContributedGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Benchmark methods that learn from synthetic data: run suites, search hyper-parameters, regenerate tables.",
)
catalog.add_to(app)
reference.add_to(app)
init.add_to(app)
suite.add_to(app)
search.add_to(app)
runs.add_to(app)
disk.add_to(app)
generate.add_to(app)
sync.add_to(app)
replay.add_to(app)
compare.add_to(app)
pictures.add_to(app)
report.add_to(app)
check.add_to(app)
doctor.add_to(app)
steering.add_to(app)
app.add_typer(data.app, name="data")
app.add_typer(synthetic.app, name="synthetic")
app.add_typer(results.app, name="results")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        say(f"provbench {version('provbench')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print results, warnings and errors only; before the command.")
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Also print what is read, keys, times, and tracebacks of wrong input."),
    ] = False,
) -> None:
    if quiet and verbose:
        raise UserError("--quiet, --verbose: give one of them")
    choose(Verbosity.QUIET if quiet else Verbosity.VERBOSE if verbose else Verbosity.NORMAL)
    logger.debug("provbench %s", " ".join(sys.argv[1:]))


def main() -> None:
    """Run the command line.

    Exit codes: 0 done; 1 a final run failed or was lost, a search has no result, something differs, or more training
    could change a ranking; 2 the input is wrong; 129, 130 and 143 ended by SIGHUP, Ctrl-C and SIGTERM; 141
    the output was closed by its reader.
    """
    warnings.showwarning = _show_warning
    choose(Verbosity.NORMAL)
    try:
        with ending_on_signals():
            _run()
    except SystemExit as stop:
        if _reader_is_gone(stop.__context__):
            _stop_writing()
        if name := signal_of(stop.code):
            how = "interrupted" if name == "SIGINT" else f"ended by {name}"
            complain([f"{how}; what was finished is kept, and the same command goes on from here"])
        raise
    except UserError as error:
        if verbose():
            say("".join(traceback.format_exception(error)), aside=True, end="")
        complain([str(error)])
        sys.exit(2)
    except BrokenPipeError:
        _stop_writing()
    except OSError as error:
        complain([f"{error.filename or 'input or output'}: {error.strerror or error}"])
        sys.exit(2)


def _run() -> None:
    """Runs the command and writes out all that it printed, so that a closed pipe is noticed here."""
    try:
        app()
    finally:
        sys.stdout.flush()
        logger.debug("ends")


def _reader_is_gone(error: BaseException | None) -> bool:
    """Returns whether an exit was caused by a closed pipe: click and rich both turn it into exit code 1."""
    while error is not None:
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            return True
        error = error.__context__
    return False


def _stop_writing() -> NoReturn:
    """Ends the process as SIGPIPE would. Nothing more is written, not even what is still buffered."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(CLOSED_PIPE)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    complain([f"warning: {message}"])


if __name__ == "__main__":
    main()
