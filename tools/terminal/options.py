"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .answer import reserve_if

SuiteArgument = Annotated[str, typer.Argument(help="A suite that comes with provbench (mini, …), or a .yaml file.")]
OutOption = Annotated[
    Path, typer.Option("--out", envvar="PROVBENCH_OUT", help="Output folder: records, checkpoints, tables.")
]
DataOption = Annotated[
    Path, typer.Option("--data", envvar="PROVBENCH_DATA", help="Data root: one folder a data set below it.")
]
DownloadOption = Annotated[
    bool,
    typer.Option("--download", help="Fetch what is missing of full data sets first, going on where it stopped."),
]
PluginOption = Annotated[
    list[str] | None, typer.Option("--plugin", help="A module or .py file that registers plugins; may be repeated.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", callback=reserve_if, is_eager=True, help="Print JSON, for scripts, and nothing else.")
]

DEFAULT_OUT = Path("runs")
DEFAULT_DATA = Path("data")

StorageOption = Annotated[
    str | None,
    typer.Option(
        "--storage",
        envvar="PROVBENCH_STORAGE",
        help="Where Optuna's studies are: a database's URL or a file; default: as before, or a journal in --out.",
    ),
]
JobsOption = Annotated[int | None, typer.Option(min=1, help="Runs at a time; default: one a GPU, or one a core.")]
ThreadsOption = Annotated[
    int | None, typer.Option(min=1, help="CPU threads of a run; default: 1, or with GPUs the cores' share.")
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Processes that load data, for each run; default: with GPUs one less than threads, at most 8; else 0.",
    ),
]
ExecutorOption = Annotated[str, typer.Option(help="Where runs are executed: local, inline, ray, or a plugin's.")]
ExecutorParamOption = Annotated[
    list[str] | None,
    typer.Option(
        "-x", metavar="NAME=VALUE", help="A parameter of the executor, such as address=auto; may be repeated."
    ),
]
TrackOption = Annotated[
    list[str] | None,
    typer.Option(help="Mirror the records to a tracker: wandb, tensorboard, or a plugin's; may be repeated."),
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(metavar="METHOD|TASK|TASK/METHOD", help="Run only this part of the suite; may be repeated."),
]
RetryFailedOption = Annotated[bool, typer.Option(help="Run again what had failed.")]
AttemptsOption = Annotated[
    int, typer.Option(min=1, help="Tries of a run whose worker dies or that meets a full memory or disk.")
]
TimeLimitOption = Annotated[
    str | None,
    typer.Option(
        "--time-limit",
        metavar="TIME",
        help="Longest attempt of a run: minutes, or such as 90s, 2h. A run over it is lost, and can be gone on with.",
    ),
]
FailureRateOption = Annotated[
    float, typer.Option(min=0, max=1, help="Stop when more than this share of the runs has failed.")
]
