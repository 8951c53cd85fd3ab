"""A suite of instant runs on the toy task."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from provbench.registry import load_plugins
from provbench.suites.driving.driver import Driver, Tally
from provbench.suites.driving.output import Output
from provbench.suites.executors.inline import Inline
from provbench.suites.file.schema import load_suite
from provbench.suites.planning.plan import Plan, make_plan
from provbench.suites.planning.spec import Place

PLUGINS = tuple(str(Path(__file__).parents[1] / "plugins" / name) for name in ("toy.py", "broken.py"))

TOY = """\
name: toy
seeds: [0, 1]
tasks:
  toy: {variant: mini, params: {epochs: 2, train_size: 32}}
methods:
  baseline: {}
  cutmix+guidance:
    augmentation: {name: cutmix, prob: 0.5}
    regularizers: [{name: gradient-guidance, alpha: 0.03}]
"""
SEARCH = (
    "search: {trials: 4, startup: 2, space: {lr: null, gradient-guidance.alpha: {low: 0.01, high: 1, log: true}}}\n"
)


@pytest.fixture(autouse=True, scope="session")
def _plugins() -> None:
    load_plugins(PLUGINS)


@pytest.fixture
def write_suite(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str = TOY, name: str = "suite.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.fixture
def make(write_suite: Callable[..., Path]) -> Callable[..., Plan]:
    """A plan from a suite's text."""

    def build(text: str = TOY) -> Plan:
        return make_plan(load_suite(str(write_suite(text))), PLUGINS)

    return build


@pytest.fixture
def output(tmp_path: Path) -> Output:
    return Output(tmp_path / "out")


@pytest.fixture
def drive(output: Output, tmp_path: Path) -> Callable[..., Tally]:
    """Run a plan in this process."""

    def run(plan: Plan, **options: object) -> Tally:
        place = Place(data_root=tmp_path / "data", work_root=output.work)
        return Driver(plan, output, Inline(), place, **options).run()  # pyright: ignore[reportArgumentType]

    return run
