"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SuiteArgument = Annotated[str, typer.Argument(help="A suite that comes with provbench (mini, …), or a .yaml file.")]
OutOption = Annotated[
    Path, typer.Option("--out", envvar="PROVBENCH_OUT", help="Output folder: records, checkpoints, tables.")
]
DataOption = Annotated[
    Path, typer.Option("--data", envvar="PROVBENCH_DATA", help="Data root: one folder a data set below it.")
]
PluginOption = Annotated[
    list[str] | None, typer.Option("--plugin", help="A module or .py file that registers plugins; may be repeated.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

DEFAULT_OUT = Path("runs")
DEFAULT_DATA = Path("data")
