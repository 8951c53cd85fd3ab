"""Seeding every step."""

from __future__ import annotations

import pytest
import torch

from provbench.benchmarks.training import seeding


@pytest.mark.parametrize("accelerator", [seeding._accelerator(), "other"])
def test_torch_draws_what_it_draws_after_its_own_seeding(
    accelerator: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeding, "_accelerator", lambda: accelerator)
    with torch.random.fork_rng():
        for seed in (0, 7, 2**62 + 5):
            torch.manual_seed(seed)
            expected = torch.rand(5)
            torch.rand(3)
            seeding.seed_torch(seed)
            assert torch.equal(torch.rand(5), expected)
            assert torch.initial_seed() == seed
