"""Seeds: functions of (seed, axis, position), and different for each."""

from __future__ import annotations

from typing import get_args

from provbench.registry.base.seeds import Axis, derive_seed


def test_every_axis_and_position_has_a_seed_of_its_own() -> None:
    seeds = [derive_seed(seed, axis, *at) for seed in range(3) for axis in get_args(Axis) for at in ((), (0,), (0, 1))]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_seed_is_the_same_in_every_version_of_python() -> None:
    assert derive_seed(0, "order") == 1294077219095703350
    assert derive_seed(1, "mixing", 5) == 6385446107380726177
