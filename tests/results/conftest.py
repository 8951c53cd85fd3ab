"""Run records to test with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provbench.results import RunRecord

MakeRecord = Callable[..., RunRecord]


@pytest.fixture
def make_record() -> MakeRecord:
    """make_record(key, **fields): a finished final run of CutMix on Waterbirds, but for the given fields."""

    def make(key: str = "aa00", **fields: Any) -> RunRecord:
        plain: dict[str, Any] = {
            "suite": "demo",
            "task": "waterbirds",
            "variant": "full",
            "protocol": "1",
            "method": "cutmix",
            "phase": "final",
            "seed": 0,
            "parameters": {"model": "resnet50", "lr": 0.01, "cutmix.prob": 1.0},
            "status": "done",
            "val": {"accuracy": 70.0},
            "test": {} if fields.get("phase") == "search" else {"accuracy": 71.5},
            "curve": [{"epoch": 1, "loss": 0.7}, {"epoch": 2, "loss": 0.5}],
            "commit": "0123456789abcdef",
            "fingerprint": "feedfeedfeedfeed",
        }
        return RunRecord(key=key, **{**plain, **fields})

    return make
