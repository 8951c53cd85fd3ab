"""Where the time of a step goes."""

from collections import Counter

import pytest
import torch

from provbench.tools.bench.operations import table, times


def test_times_are_by_operation_and_products_are_one() -> None:
    one = torch.randn(64, 64)

    found = times(lambda number: print(torch.relu(one @ one).sum()), 3)

    assert found["products"] > 0
    assert found["clamp_min"] + found["relu"] > 0
    assert not any("mm" in name for name in found)


def test_differences_are_in_plain_steps_and_sum_to_the_whole() -> None:
    plain = Counter({"products": 80.0, **{f"op{number}": 2.0 for number in range(10)}})
    guided = Counter({"products": 240.0, **{f"op{number}": 4.0 + number for number in range(12)}})

    lines = table(plain, guided)

    assert lines[1].split() == ["products", "80.0", "240.0", "1.60"]
    assert lines[-1].split()[:4] == ["all", "100.0", "354.0", "2.54"]
    assert sum(float(line.split()[-1]) for line in lines[1:-1]) == pytest.approx(2.54)
    assert lines[-1].endswith("3.54 plain steps")
