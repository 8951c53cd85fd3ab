"""A report with everything in it: two tasks, a search, gaps, pictures, predictions, names that are meant to do harm."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from provbench.registry import MINI
from provbench.results import Column, RowRuns, RunRecord, TableRow, build_table
from provbench.results.figures import convergence_figure
from provbench.results.report import Report, Search, SuiteCell, Trial
from provbench.results.store import Choice

HOSTILE = "<img src=x onerror=alert(1)>"
CLIMBING = "../../etc/passwd"
QUOTED = "\"'><script>alert(2)</script>"
METHODS = ("baseline", "cutmix", HOSTILE, CLIMBING, QUOTED)
SEEDS = (0, 1, 2)
SAMPLES = 300

MakeReport = Callable[..., Report]


def sample_columns(right: Sequence[bool], prefix: str = "birds/") -> dict[str, np.ndarray]:
    """Predictions of a run that gets some samples right."""
    count = len(right)
    return {
        "id": np.array([f"{prefix}b_{place}.jpg" for place in range(count)]),
        "label": np.arange(count) % 3,
        "correct": np.array(right),
        "overlap": np.linspace(0, 1, count) * np.array(right),
    }


@pytest.fixture
def make_report(make_record: Callable[..., RunRecord], tmp_path: Path) -> MakeReport:
    """make_report(**fields): five methods on `birds`, of which one has no runs, and one failed with a seed.

    Method number m has an accuracy of 60 + 4 m + seed, but for the second, which is 10 points above the first with a
    little noise; the first 300 - 20 m - seed samples are right. cutmix was searched.
    """

    def run(number: int, seed: int) -> RunRecord:
        score = 60.0 + seed if number == 0 else 70.0 + seed + 0.1 * (seed == 1) if number == 1 else 60.0 + number - seed
        failed = number == 3 and seed == 2
        return make_record(
            f"run{number}{seed}",
            task="birds",
            method=METHODS[number],
            variant="mini",
            seed=seed,
            status="failed" if failed else "done",
            reason="RuntimeError: <b>no</b> luck" if failed else "",
            traceback="Traceback (most recent call last):\n  <i>here</i>" if failed else "",
            test={} if failed else {"accuracy": score, "loss": 0.5 + 0.1 * number},
            val={"accuracy": score - 1},
            curve=[{"epoch": epoch, "loss": 1.0 / epoch, "accuracy": score - 3 + epoch} for epoch in (1, 2, 3)],
            parameters={"model": "tiny", "lr": 0.01 * (number + 1), "note": "</script>"},
            identity={"task": {"name": "birds", "version": "1", "params": {"lr": 0.01}}, "seed": seed},
            versions={"python": "3.11"},
            dirty=number == 1,
            seconds=12.5,
            started="2026-01-01T00:00:00+00:00",
        )

    def build(**fields: Any) -> Report:
        runs = {number: {seed: run(number, seed) for seed in SEEDS} for number in range(4)}
        return report_of(runs, tmp_path, **fields)

    return build


def report_of(runs: Mapping[int, Mapping[int, RunRecord]], folder: Path, **fields: Any) -> Report:
    labels = {"cutmix": "CutMix"}
    rows = [
        TableRow(
            method,
            [RowRuns(list(runs.get(number, {}).values()), SEEDS)] * 2,
            label=labels.get(method, ""),
            group="plain" if number == 0 else "with mixing",
        )
        for number, method in enumerate(METHODS)
    ]
    columns = [
        Column("birds", "accuracy", label="accuracy [%]", selection_metric="accuracy", group="more is better"),
        Column("birds", "loss", unit="1", higher_is_better=False, label="loss", selection_metric="accuracy"),
    ]
    table = build_table(rows, columns, variant="mini", baseline="baseline", title="Birds & <i>bees</i>")
    trials = [
        Trial(0, "finished", 61.0, {"lr": 0.01}, "trial0", 3.0),
        Trial(1, "finished", 66.5, {"lr": 0.02}, "trial1", 3.5),
        Trial(2, "pruned", None, {"lr": 0.3}, "trial2", 1.0, "pruned at epoch 1"),
        Trial(3, "under way", None, {"lr": 0.05}),
    ]
    cells = [
        SuiteCell(
            section="birds",
            task="birds",
            title="Birds",
            method=method,
            label=labels.get(method, method),
            variant=MINI,
            seeds=SEEDS,
            selections=[Choice("val", "accuracy", {"lr": 0.02} if method == "cutmix" else {}, runs.get(number, {}))],
            search=Search("accuracy", 4, trials, {"lr": "0.001 … 1, logarithmic"}) if method == "cutmix" else None,
        )
        for number, method in enumerate(METHODS)
    ]
    curves = {method: [run.curve for run in of.values()] for method, of in zip(METHODS, runs.values(), strict=False)}
    pictures = folder / "pictures"

    def samples(key: str, split: str) -> dict[str, np.ndarray] | None:
        number, seed = int(key[3]), int(key[4])
        if split != "test" or (number, seed) == (3, 2):
            return None
        return sample_columns([place < SAMPLES - 20 * number - seed for place in range(SAMPLES)])

    def drawn(key: str) -> list[Path]:
        if key not in ("run00", "run10"):
            return []
        file = pictures / key / "birds-b_285.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            Image.new("RGB", (8, 8), (int(key[3]) * 200, 80, 80)).save(file)
        return [file]

    plain: dict[str, Any] = {
        "suite": "demo",
        "description": "A <b>bold</b> suite.",
        "source": "name: demo\n",
        "tables": {"birds": table},
        "cells": cells,
        "figures": {"birds-convergence": convergence_figure(curves, "accuracy", "Birds: val")},
        "samples": samples,
        "pictures": drawn,
        "options": [("--out", "runs of mine")],
        "program": "provbench 1",
        "made": "today",
    }
    return Report(**{**plain, **fields})
