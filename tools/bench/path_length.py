"""Counts the files of provbench that one run passes through, from its suite file to its stored record.

    python -m provbench.tools.bench.path_length --plugin tests/plugins/toy.py

A file counts when one of its functions is called; importing it does not. The fewer there are, the fewer must be read to
follow a run. Prints the files, each after the first call into it, and their number.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Annotated, Any

import typer

ROOT = Path(__file__).resolve().parents[2]
SUITE = """\
name: path-length
plugins: {plugin}
seeds: [0]
tasks: {{toy: {{params: {{epochs: 1}}}}}}
methods: {{baseline: {{}}}}
"""


class Trace:
    """Notes product files in the order in which their functions are first called."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event != "call" or code.co_name.startswith("<") or code.co_filename in self.files:
            return
        path = Path(code.co_filename)
        is_class_body = "__qualname__" in frame.f_code.co_names and not code.co_varnames
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] != "tests" and not is_class_body:
            self.files[code.co_filename] = code.co_name


def files_of_a_run(plugin: Path, folder: Path) -> dict[str, str]:
    """Runs one seed of the task `toy` of `plugin` in this process. Returns file -> first function called in it."""
    from provbench.registry import EXECUTORS
    from provbench.suites.driving import Driver, Output
    from provbench.suites.file import load_suite
    from provbench.suites.planning import Place, make_plan

    suite, output = folder / "suite.yaml", Output(folder / "out")
    suite.write_text(SUITE.format(plugin=plugin.resolve()), encoding="utf-8")
    trace = Trace()
    threading.setprofile(trace)
    sys.setprofile(trace)
    try:
        place = Place(folder / "data", output.work)
        tally = Driver(make_plan(load_suite(str(suite))), output, EXECUTORS.build("inline"), place).run()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    if tally.trained != 1 or not tally.complete:
        raise RuntimeError(f"the run left no record: {tally}")
    return {str(Path(name).relative_to(ROOT)): function for name, function in trace.files.items()}


def main(plugin: Annotated[Path, typer.Option(help="A file that registers a task `toy`.")]) -> None:
    """Count the files that one run passes through."""
    with TemporaryDirectory() as folder:
        files = files_of_a_run(plugin, Path(folder))
    for name, function in files.items():
        print(f"{name}: {function}")
    print(f"{len(files)} files")


if __name__ == "__main__":
    typer.run(main)
