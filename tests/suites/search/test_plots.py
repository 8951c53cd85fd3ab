"""Optuna's plots of a search: those that its trials allow, in files with safe names."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import matplotlib
import optuna
import pytest
from hypothesis import given, strategies as st

from provbench.registry.base import file_name
from provbench.suites.search.plots import Plots, write_plots

ALL = {"history", "slice", "importances", "parallel"}
HOSTILE = "<script>alert(1)</script> $\\frac ../.."


def study(*values: float | None, parameters: int = 2) -> optuna.Study:
    """A study with a trial for each value; None for a trial that was pruned."""
    made = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    for value in values:
        trial = made.ask()
        trial.suggest_float("lr", 1e-3, 1, log=True)
        if parameters > 1:
            trial.suggest_categorical("cutmix.mask", ["box", "$\\frac{", "<b>"])
        made.tell(trial, value, state=None if value is not None else optuna.trial.TrialState.PRUNED)
    return made


@pytest.fixture
def plot(tmp_path: Path) -> Callable[..., Plots]:
    def write(made: optuna.Study, task: str = "toy", method: str = "m") -> Plots:
        return write_plots(made, task, method, "accuracy (val)", tmp_path / "plots")

    return write


def drawn(plots: Plots) -> set[str]:
    return {path.stem.rpartition("-")[2] for path in plots.files}


@pytest.mark.parametrize(
    ("made", "plots", "note"),
    [
        (study(1.0, 2.0, None, 3.0), ALL, ""),
        (study(1.0, 2.0), ALL, ""),
        (study(1.0, 1.0, 1.0), ALL - {"importances"}, "toy: m: no importances: all trials have the same value"),
        (study(1.0, 2.0, parameters=1), {"history", "slice"}, "one parameter is searched"),
        (study(1.0), {"history", "slice"}, "no parallel: 1 trials finished, and it takes 2"),
        (study(None, None), set(), "no history: 0 trials finished, and it takes 1"),
        (study(), set(), "no slice: 0 trials finished, and it takes 1"),
    ],
)
def test_what_the_trials_allow_is_drawn_and_why_not_the_rest(
    plot: Callable[..., Plots], made: optuna.Study, plots: set[str], note: str
) -> None:
    found = plot(made)
    assert drawn(found) == plots
    assert len(found.files) == len(plots)
    assert len(found.notes) == len(ALL - plots)
    assert note in "\n".join(found.notes)
    for path in found.files:
        assert path.read_bytes()[:4] == b"\x89PNG"


def test_hostile_names_are_text_in_files_of_the_folder(plot: Callable[..., Plots], tmp_path: Path) -> None:
    for path in plot(study(1.0, 2.0, 3.0), "../task", HOSTILE).files:
        assert path.parent == tmp_path / "plots"
        assert re.fullmatch(r"[\w.+-]+", path.name)
        assert path.is_file()
    assert [entry.name for entry in tmp_path.iterdir()] == ["plots"]


def test_drawing_leaves_the_style_as_it_was(plot: Callable[..., Plots]) -> None:
    before = dict(matplotlib.rcParams)
    plot(study(1.0, 2.0))
    assert dict(matplotlib.rcParams) == before


@given(st.lists(st.tuples(st.text(max_size=100), st.text(max_size=100)), unique=True, max_size=8))
def test_names_that_differ_have_files_that_differ(cells: list[tuple[str, str]]) -> None:
    names = [file_name(*cell) for cell in cells]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]*", name) for name in names)
    assert all(len(name) < 120 for name in names)


def test_dashes_in_names_are_not_taken_for_those_between_them() -> None:
    assert file_name("toy", "cutmix+guidance") == "toy--cutmix+guidance"
    assert len({file_name("a-", "b"), file_name("a", "-b"), file_name("a--b", "c"), file_name("a", "b--c")}) == 4
