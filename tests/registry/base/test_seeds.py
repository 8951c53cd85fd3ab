"""Seeds: functions of (seed, axis, position), and different for each."""

from __future__ import annotations

import hashlib
from typing import get_args

import pytest

from provbench.registry.base.seeds import Axis, derive_seed, seed_of


def test_every_axis_and_position_has_a_seed_of_its_own() -> None:
    seeds = [derive_seed(seed, axis, *at) for seed in range(3) for axis in get_args(Axis) for at in ((), (0,), (0, 1))]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_seed_is_the_same_in_every_version_of_python() -> None:
    assert derive_seed(0, "order") == 1294077219095703350
    assert derive_seed(1, "mixing", 5) == 6385446107380726177
    assert seed_of(0, "order", bits=32) == 602601663


@pytest.mark.parametrize("bits", [1, 31, 32, 63, 64])
def test_a_seed_is_the_first_bits_of_a_digest(bits: int) -> None:
    whole = int(hashlib.sha256(b"7:order:0").hexdigest(), 16)
    assert seed_of(7, "order", 0, bits=bits) == whole >> (256 - bits)


def test_the_order_and_the_limits_of_the_parts_count() -> None:
    assert seed_of(1, 2, bits=63) != seed_of(2, 1, bits=63)
    assert seed_of(1, 23, bits=63) != seed_of(12, 3, bits=63)
