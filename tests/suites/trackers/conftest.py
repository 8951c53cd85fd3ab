"""Suites that are mirrored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from provbench.registry import TRACKERS, load_plugins
from provbench.results.store.record import RunRecord
from provbench.suites.driving.driver import Tally
from provbench.suites.driving.output import Output
from provbench.suites.planning.plan import Plan
from provbench.suites.planning.spec import PluginSpec, RunSpec
from provbench.suites.trackers import Tracking

TOYS = str(Path(__file__).with_name("toy_trackers.py"))


@pytest.fixture
def record() -> RunRecord:
    """A finished run of two epochs, the second one the better, with names that mean something in HTML and Markdown."""
    return RunRecord(
        key="0123456789abcdef0123",
        suite="made",
        task="toy",
        variant="mini",
        method="baseline",
        phase="final",
        seed=3,
        parameters={"lr": 0.05, "cutmix.prob": 0.5, "text": "<script>alert(1)</script>", "sizes": [1, 2], "none": None},
        status="done",
        val={"accuracy": 75.0},
        test={"accuracy": 62.5},
        curve=[
            {"epoch": 1.0, "classification": 0.7, "accuracy": 50.0},
            {"epoch": 2.0, "classification": 0.25, "accuracy": 75.0},
        ],
        epoch=2,
    )


@pytest.fixture
def spec() -> RunSpec:
    """The run of `record`, as a suite knows it."""
    return RunSpec(
        task=PluginSpec(name="toy", version="1", params={}),
        variant="mini",
        seed=3,
        phase="final",
        selection_metric="accuracy",
        fingerprint="",
        suite="birds+",
        cell="toy <b>",
        method="baseline",
    )


@pytest.fixture
def pictures(record: RunRecord, output: Output) -> list[Path]:
    """The record's: 4 pixels wide and 2 high, a red one and a grey one, the latter without colours."""
    folder = output.root / "pictures" / record.key
    folder.mkdir(parents=True)
    Image.new("RGB", (4, 2), (255, 0, 0)).save(folder / "bird one.png")
    Image.new("L", (4, 2), 128).save(folder / "map.png")
    return sorted(folder.iterdir())


@pytest.fixture
def tracking(output: Output) -> Callable[..., Tracking]:
    """The trackers of these names."""

    def build(*names: str, patience: float = 120) -> Tracking:
        load_plugins((TOYS,))
        trackers = [TRACKERS.build(name) for name in names]
        return Tracking(trackers, output.trackers, output.root / "pictures", patience=patience)

    return build


@pytest.fixture
def mirror(
    tracking: Callable[..., Tracking], make: Callable[..., Plan], drive: Callable[..., Tally]
) -> Callable[..., Tally]:
    """Run the toy suite with trackers."""

    def run(*names: str, patience: float = 120) -> Tally:
        observer = tracking(*names, patience=patience)
        tally = drive(make(), observer=observer)
        observer.close()
        return tally

    return run
