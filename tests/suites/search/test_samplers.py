"""Draws are functions of seed, number and what ended before; methods that share a parameter share its first values."""

from __future__ import annotations

import math
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from provbench.registry import SAMPLERS, UserError
from provbench.suites.search.samplers import Fixed
from provbench.suites.search.spaces import contains, grid

SPACE = {
    "lr": FloatDistribution(1e-3, 1.0, log=True),
    "layers": IntDistribution(1, 9),
    "mask": CategoricalDistribution(("provenance", "random")),
}


def draws(
    name: str, count: int, space: dict[str, Any] = SPACE, seed: int = 7, startup: int = 3
) -> list[dict[str, Any]]:
    """The parameters of a study's trials; each has the value that a smooth function gives it."""
    sampler = SAMPLERS.build(name)
    study = optuna.create_study(direction="maximize")
    for number in range(count):
        early = sampler.begins_at_random and number < startup
        study.sampler = Fixed({}, seed) if early else sampler.sampler(seed, number, startup, space)
        trial = study.ask(space)
        study.tell(trial, -abs(math.log10(trial.params["lr"]) + 2))
    return [trial.params for trial in study.trials]


@pytest.mark.parametrize("name", ["tpe", "random", "cma-es", "qmc"])
def test_the_same_seed_gives_the_same_trials_and_another_seed_others(name: str) -> None:
    assert draws(name, 10) == draws(name, 10)
    assert draws(name, 10) != draws(name, 10, seed=8)


@pytest.mark.parametrize("name", ["tpe", "random", "cma-es", "qmc"])
def test_every_value_is_of_its_space(name: str) -> None:
    assert all(contains(SPACE[axis], value) for params in draws(name, 12) for axis, value in params.items())


@pytest.mark.parametrize("name", ["tpe", "random", "cma-es", "qmc"])
def test_first_draws_of_a_shared_parameter_are_the_same_whatever_else_is_searched(name: str) -> None:
    alone = draws(name, 3, {"lr": SPACE["lr"]})
    beside = draws(name, 3)
    assert [params["lr"] for params in alone] == [params["lr"] for params in beside]


def test_tpe_and_cma_es_learn_from_what_ended() -> None:
    def distance(params: dict[str, Any]) -> float:
        return abs(math.log10(params["lr"]) + 2)

    for name in ("tpe", "cma-es"):
        late = draws(name, 40, startup=5)[-10:]
        blind = draws("random", 40, startup=5)[-10:]
        assert sum(map(distance, late)) < sum(map(distance, blind)), name


def test_a_grid_is_every_combination_once() -> None:
    space = {
        "lr": FloatDistribution(0.1, 0.3, step=0.1),
        "layers": IntDistribution(2, 6, step=2),
        "mask": SPACE["mask"],
    }
    found = draws("grid", 18, space)
    assert len({tuple(params.values()) for params in found}) == 18
    assert {params["layers"] for params in found} == {2, 4, 6}
    assert sorted({round(params["lr"], 9) for params in found}) == [0.1, 0.2, 0.3]
    assert SAMPLERS.build("grid").budget(100, space) == 18
    assert SAMPLERS.build("grid").budget(5, space) == 5
    assert found != sorted(found, key=lambda params: tuple(map(str, params.values()))), "a part of it is no corner"


def test_a_range_without_step_has_no_grid() -> None:
    with pytest.raises(UserError, match=r"search\.space: lr: a grid needs choices"):
        grid(SPACE)


def test_random_draws_are_spread_over_the_space() -> None:
    found = draws("random", 400, {"lr": SPACE["lr"], "mask": SPACE["mask"]})
    logs = sorted(math.log10(params["lr"]) for params in found)
    assert abs(logs[200] + 1.5) < 0.2, "the median of a log-uniform draw over 1e-3 to 1"
    assert 150 < sum(params["mask"] == "random" for params in found) < 250
