"""The trunk of the mini sets' networks, and the weights that ship for it."""

from __future__ import annotations

import pytest
import torch

from provbench.benchmarks.common import tiny, tiny_trunk
from provbench.registry import UserError


def test_the_shipped_weights_fit_and_are_not_random_ones() -> None:
    first, channels = tiny_trunk(16, weights="MINI_WORLD")
    second, _ = tiny_trunk(16, weights="MINI_WORLD")
    assert all(torch.equal(one, other) for one, other in zip(first.parameters(), second.parameters(), strict=True))
    assert first(torch.zeros(2, 3, 64, 64)).shape == (2, channels, 8, 8)


def test_another_width_and_other_names_are_refused() -> None:
    with pytest.raises(UserError, match="fits networks of width 16"):
        tiny_trunk(8, weights="MINI_WORLD")
    with pytest.raises(UserError, match="MINI_WORLD, or null"):
        tiny_trunk(16, weights="IMAGENET1K_V1")


def test_a_damaged_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny, "SHA256", "0" * 64)
    with pytest.raises(UserError, match="install provbench again"):
        tiny_trunk(16, weights="MINI_WORLD")
