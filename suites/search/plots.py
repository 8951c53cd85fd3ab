"""Optuna's plots of a search, as PNG."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
from optuna import Study
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import TrialState
from optuna.visualization import matplotlib as pictures

from provbench.registry.base import file_name, make_folder


@dataclass
class Plots:
    """The files that were written, and a line for each plot that these trials do not allow."""

    files: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Plot:
    name: str
    picture: Callable[..., Any]
    trials: int
    """Number of finished trials that the plot needs."""
    parameters: int
    """Number of searched parameters that the plot needs."""


_PLOTS = (
    _Plot("history", pictures.plot_optimization_history, 1, 1),
    _Plot("slice", pictures.plot_slice, 1, 1),
    _Plot("importances", pictures.plot_param_importances, 2, 2),
    _Plot("parallel", pictures.plot_parallel_coordinate, 2, 2),
)


def write_plots(study: Study, task: str, method: str, metric: str, folder: Path) -> Plots:
    """History of the optimisation, slices, importances of the parameters (PED-ANOVA, Watanabe et al., 2023) and
    parallel coordinates, each as `<task>--<method>-<plot>.png`.

    task, method: of the cell; any texts, of which safe file names are made. metric: what the search went by.
    """
    plots, title, stem = Plots(), f"{task}: {method}", file_name(task, method)
    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    parameters = {name for trial in finished for name in trial.params}
    values = {trial.value for trial in finished}
    for plot in _PLOTS:
        reason = ""
        if len(finished) < plot.trials:
            reason = f"{len(finished)} trials finished, and it takes {plot.trials}"
        elif len(parameters) < plot.parameters:
            reason = "one parameter is searched, and it compares several"
        elif plot.name == "importances" and len(values) == 1:
            reason = "all trials have the same value"
        if reason:
            plots.notes.append(f"{title}: no {plot.name}: {reason}")
        else:
            plots.files.append(_write(plot, study, f"{title}: {plot.name}", metric, folder / f"{stem}-{plot.name}.png"))
    return plots


def _write(plot: _Plot, study: Study, title: str, metric: str, file: Path) -> Path:
    options: dict[str, Any] = {"target_name": metric}
    if plot.name == "importances":
        options = {"evaluator": PedAnovaImportanceEvaluator()}
    make_folder(file.parent)
    try:
        file.write_bytes(_picture(plot, study, title, options))
    except ValueError:  # a $ in a name, which begins no formula
        file.write_bytes(_picture(plot, study, title, options, formulas=False))
    return file


def _picture(plot: _Plot, study: Study, title: str, options: Mapping[str, Any], formulas: bool = True) -> bytes:
    """A plot as PNG. formulas: whether text between dollars is one, as in the powers of ten of a logarithmic axis."""
    from matplotlib import pyplot as plt

    with warnings.catch_warnings(), matplotlib.rc_context({"text.parse_math": formulas, "backend": "Agg"}):
        warnings.simplefilter("ignore")  # of what is experimental in Optuna, and of signs that a font lacks
        try:
            plot.picture(study, **options)  # which changes the style for good, but for the context
            figure = plt.gcf()
            for axes in figure.axes:
                axes.set_title("")
            figure.suptitle(title, y=1.02, parse_math=False)
            with BytesIO() as png:
                figure.savefig(png, format="png", dpi=110, bbox_inches="tight")
                return png.getvalue()
        finally:
            plt.close(plt.gcf())
