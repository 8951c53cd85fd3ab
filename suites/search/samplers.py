"""Samplers: they draw the parameters of a search's trials.

Every draw is a function of the search's seed, the trial's number and the trials before it, so that a search that was
interrupted goes on as it would have. Draws that regard no other trial are, besides, the same in every study: methods
that share a parameter try the same first values of it.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, CmaEsSampler, QMCSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState
from pydantic import Field

from provbench.registry import Params, Plugin, SearchSpace
from provbench.registry.base import UserError, seed_of

from .spaces import contains, grid

Space = Mapping[str, BaseDistribution]

MOST_POINTS = 100_000
"""Largest number of points in a grid, which is enumerated in full."""


class Sampler(Plugin, ABC):
    """Says which parameters a trial has, once the first ones are over."""

    begins_at_random: bool = True
    """True if warm starts and random trials come first."""

    def budget(self, trials: int, space: Space) -> int:
        """Returns how many of the suite's trials a cell with this space can use."""
        return trials

    def check(self, space: Mapping[str, SearchSpace]) -> None:
        """Raises `UserError` where it cannot draw from a space."""

    @abstractmethod
    def sampler(self, seed: int, number: int, startup: int, space: Space) -> BaseSampler:
        """Optuna's sampler for the trial of that number. startup: how many trials were drawn at random before."""


class Random(Sampler):
    """Independent draws, the same in every study."""

    def sampler(self, seed: int, number: int, startup: int, space: Space) -> BaseSampler:
        return Fixed({}, seed)


class TpeParams(Params):
    multivariate: bool = Field(True, description="model the parameters jointly, as Optuna does by default")
    candidates: int = Field(24, ge=1, description="draws of which the most promising is taken")


class Tpe(Sampler):
    """Tree-structured Parzen estimator (Bergstra et al., 2011)."""

    Params = TpeParams
    params: TpeParams

    def sampler(self, seed: int, number: int, startup: int, space: Space) -> BaseSampler:
        return TPESampler(
            seed=derive(seed, number),
            n_startup_trials=startup,
            n_ei_candidates=self.params.candidates,
            multivariate=self.params.multivariate,
            constant_liar=True,
        )


class CmaEsParams(Params):
    sigma0: float | None = Field(None, gt=0, description="first step size; default: a sixth of the narrowest range")


class CmaEs(Sampler):
    """Covariance matrix adaptation (Hansen & Ostermeier, 2001); draws categories, and what is alone, at random."""

    Params = CmaEsParams
    params: CmaEsParams

    def check(self, space: Mapping[str, SearchSpace]) -> None:
        _check_ranges(space)

    def sampler(self, seed: int, number: int, startup: int, space: Space) -> BaseSampler:
        return CmaEsSampler(
            seed=derive(seed, number),
            sigma0=self.params.sigma0,
            n_startup_trials=startup,
            independent_sampler=RandomSampler(seed=derive(seed, number)),
            warn_independent_sampling=False,
        )


class QmcParams(Params):
    kind: Literal["sobol", "halton"] = "sobol"


class Qmc(Sampler):
    """A scrambled low-discrepancy sequence: spread more evenly than random draws."""

    Params = QmcParams
    params: QmcParams

    def check(self, space: Mapping[str, SearchSpace]) -> None:
        _check_ranges(space)

    def sampler(self, seed: int, number: int, startup: int, space: Space) -> BaseSampler:
        return QMCSampler(
            qmc_type=self.params.kind,
            scramble=True,
            seed=derive(seed, "qmc"),
            independent_sampler=RandomSampler(seed=derive(seed, number)),
            warn_independent_sampling=False,
            warn_asynchronous_seeding=False,
        )


class Grid(Sampler):
    """Every combination once, in an order drawn from the seed. Has no use for more trials than combinations."""

    begins_at_random = False

    def check(self, space: Mapping[str, SearchSpace]) -> None:
        points = 1
        for name, axis in space.items():
            points *= _points(name, axis)
        if points > MOST_POINTS:
            raise UserError(f"a grid of {points} combinations: at most {MOST_POINTS} can be searched; use larger steps")

    def budget(self, trials: int, space: Space) -> int:
        return min(trials, len(grid(dict(space))))

    def sampler(self, seed: int, number: int, startup: int, space: Space) -> BaseSampler:
        points = grid(dict(space))
        random.Random(derive(seed, "grid")).shuffle(points)
        return Fixed(points[number % len(points)])


def _points(name: str, axis: SearchSpace) -> int:
    """Returns the number of values that a grid has on an axis."""
    if axis.choices is not None:
        return len(axis.choices)
    step = axis.step or (1.0 if axis.integer else None)
    if step is None or axis.log:
        raise UserError(f"{name}: a grid needs choices, or low, high and step")
    assert axis.low is not None
    assert axis.high is not None
    return round((axis.high - axis.low) / step) + 1


def _check_ranges(space: Mapping[str, SearchSpace]) -> None:
    """Raises `UserError` for a space without a range: the sampler would draw it all at random."""
    if all(axis.choices is not None for axis in space.values()):
        raise UserError(f"needs a range, and {', '.join(space)} has choices alone: use tpe, random or grid")


class Fixed(BaseSampler):
    """Gives a trial the values that are laid down for it; what has none is drawn at random, the same in every study."""

    def __init__(self, values: Mapping[str, Any], seed: int = 0) -> None:
        self.values, self.seed = values, seed

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        if param_name in self.values and contains(param_distribution, self.values[param_name]):
            return self.values[param_name]
        draw = RandomSampler(seed=derive(self.seed, param_name, trial.number))
        return draw.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """Nothing is learnt."""


def derive(seed: int, *axes: object) -> int:
    """A seed of 32 bits for an axis of randomness."""
    return seed_of(seed, *axes, bits=32)
