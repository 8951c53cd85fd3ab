"""What ranks settle among themselves: alone, and in a group of two on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from provbench.benchmarks.training.distributed import (
    from_rank_0,
    is_rank_0,
    join,
    largest_of_ranks,
    mean_over_ranks,
    part_of_batch,
    rank,
    relative_weight,
    synchronize_buffers,
    which_rank,
)
from provbench.benchmarks.training.hooks import OnValidation
from provbench.benchmarks.training.launcher import launch
from provbench.registry import UserError


def test_a_process_alone_is_its_own_rank_0() -> None:
    assert is_rank_0()
    assert which_rank() == ""
    assert part_of_batch(7) == 7
    assert from_rank_0(lambda: "here") == "here"
    assert largest_of_ranks(2.5) == 2.5
    assert mean_over_ranks({"loss": 0.1}) == {"loss": 0.1}
    assert relative_weight(torch.tensor(3.0)) == 1
    norm = nn.BatchNorm1d(2)
    norm.running_mean = torch.tensor([0.1, 0.2])
    synchronize_buffers(norm)
    assert norm.running_mean.tolist() == pytest.approx([0.1, 0.2])


def settle(folder: Path, report: OnValidation) -> dict[str, Any]:
    """Run by each rank; rank 0's view is returned, the others' is written into the folder."""
    join()
    number = rank()
    norm = nn.BatchNorm1d(1)
    assert norm.running_mean is not None
    assert norm.num_batches_tracked is not None
    norm.running_mean += number
    norm.num_batches_tracked += 5 + number
    other = torch.tensor([10.0 + number])
    norm.register_buffer("other", other)
    synchronize_buffers(norm)
    with pytest.raises(UserError, match="9 samples cannot be dealt out evenly to 2 processes; use 8 or 10"):
        part_of_batch(9)
    seen = {
        "from": from_rank_0(lambda: f"rank {number}"),
        "largest": largest_of_ranks(number),
        "mean": mean_over_ranks({"both": 1.0 + number, **({"rank 1's": 3.0} if number else {})}),
        "relative": float(relative_weight(torch.tensor(1.0 + 2 * number))),
        "buffers": [float(norm.running_mean), int(norm.num_batches_tracked), float(other)],
        "part": part_of_batch(8),
        "which": which_rank(),
        "writes": is_rank_0(),
    }
    torch.save(seen, folder / f"{number}.pt")
    return seen


@pytest.mark.slow
def test_two_ranks(tmp_path: Path) -> None:
    assert launch(settle, (tmp_path,), 2, lambda *_: False) == torch.load(tmp_path / "0.pt")
    common = {
        "from": "rank 0",
        "largest": 1,
        "mean": {"both": 1.5, "rank 1's": 1.5},
        "buffers": [0.5, 5, 10.0],
        "part": 4,
    }
    own = [
        {"relative": 0.5, "which": " (rank 0 of 2)", "writes": True},
        {"relative": 1.5, "which": " (rank 1 of 2)", "writes": False},
    ]
    for number in (0, 1):
        assert torch.load(tmp_path / f"{number}.pt") == common | own[number]
