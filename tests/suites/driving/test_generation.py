"""Sets that are made in phases: by one process or several, in parts, interrupted, and found again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provbench.registry import Share, UserError, load_plugins, no_progress
from provbench.registry.synthesizers import read_manifest
from provbench.suites.driving.generation import generate
from provbench.suites.driving.generation_ray import ray_workers
from provbench.suites.driving.output import Output
from provbench.suites.file.schema import load_suite
from provbench.suites.planning.inputs import missing_inputs
from provbench.suites.planning.plan import Plan, make_plan
from provbench.suites.planning.set_work import SetWork, phased_sets
from provbench.suites.planning.synthetic import damaged_sets, synthetic_leftovers

FOLDER = Path(__file__).parents[2] / "plugins"
PLUGINS = tuple(str(FOLDER / name) for name in ("toy.py", "dots.py"))
SUITE = """\
name: dots
seeds: [0]
tasks:
  dotted: {variant: mini, params: {epochs: 1, train_size: 32}}
methods:
  painted: {synthesizer: {name: dots, images: 7}}
  painted-with-cutmix: {synthesizer: {name: dots, images: 7}, augmentation: cutmix}
"""


@pytest.fixture(autouse=True, scope="module")
def _plugins() -> None:
    load_plugins(PLUGINS)


@pytest.fixture
def plan(tmp_path: Path) -> Callable[..., Plan]:
    def build(text: str = SUITE) -> Plan:
        path = tmp_path / "suite.yaml"
        path.write_text(text)
        return make_plan(load_suite(str(path)), PLUGINS)

    return build


@pytest.fixture
def work_of(plan: Callable[..., Plan]) -> Callable[..., SetWork]:
    def build(root: Path, text: str = SUITE) -> SetWork:
        (work,) = phased_sets(plan(text), root)
        work.task.prepare(no_progress)
        return work

    return build


def files_of(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_methods_with_one_set_have_it_made_once(plan: Callable[..., Plan], tmp_path: Path) -> None:
    assert [work.title for work in phased_sets(plan(), tmp_path)] == ["dotted/painted"]


def test_a_set_that_is_there_is_not_made_again(work_of: Callable[..., SetWork], tmp_path: Path) -> None:
    work = work_of(tmp_path / "data")
    folder = generate(work, 1, Share(), no_progress)
    assert folder is not None
    assert len(read_manifest(folder)) == 7
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert generate(work, 1, Share(), no_progress) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert not work.begun.exists()


@pytest.mark.slow
def test_three_workers_make_the_set_that_one_makes(work_of: Callable[..., SetWork], tmp_path: Path) -> None:
    one = generate(work_of(tmp_path / "one"), 1, Share(), no_progress)
    told: list[tuple[int, int]] = []
    three = generate(work_of(tmp_path / "three"), 3, Share(), lambda done, total: told.append((done, total)))
    assert one is not None
    assert three is not None
    assert files_of(one) == files_of(three)
    assert told[-1] == (7, 7)


def test_parts_on_several_machines_make_one_set(work_of: Callable[..., SetWork], tmp_path: Path) -> None:
    work = work_of(tmp_path / "data")
    assert generate(work, 1, Share(0, 3), no_progress) is None
    assert generate(work, 1, Share(2, 3), no_progress) is None
    assert generate(work, 1, Share(1, 3), no_progress) == work.folder


def test_what_was_begun_is_gone_on_with(work_of: Callable[..., SetWork], tmp_path: Path) -> None:
    work = work_of(tmp_path / "data")
    assert generate(work, 1, Share(limit=2), no_progress) is None
    assert work.estimate(Share()).images == 5
    assert synthetic_leftovers(tmp_path / "data") != [work.begun]
    assert damaged_sets(tmp_path / "data") == [work.begun]
    assert generate(work, 1, Share(), no_progress) == work.folder


@pytest.mark.slow
def test_workers_on_a_ray_cluster_make_the_set_that_one_makes(work_of: Callable[..., SetWork], tmp_path: Path) -> None:
    pytest.importorskip("ray")
    one = generate(work_of(tmp_path / "one"), 1, Share(), no_progress)
    with ray_workers("local") as cluster:
        three = generate(work_of(tmp_path / "three"), 3, Share(), no_progress, cluster=cluster)
        bad = work_of(tmp_path / "bad", SUITE.replace("images: 7", "images: 7, fail: true"))
        with pytest.raises(UserError, match="no paint left"):
            generate(bad, 2, Share(), no_progress, cluster=cluster)
    assert one is not None
    assert three is not None
    assert files_of(one) == files_of(three)


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_of_a_worker_is_the_drivers(work_of: Callable[..., SetWork], tmp_path: Path, workers: int) -> None:
    work = work_of(tmp_path / "data", SUITE.replace("images: 7", "images: 7, fail: true"))
    with pytest.raises(UserError, match="no paint left"):
        generate(work, workers, Share(), no_progress)
    assert work.begun.is_dir()
    assert not work.folder.exists()


def test_models_may_go_once_the_set_is_whole(
    plan: Callable[..., Plan], work_of: Callable[..., SetWork], tmp_path: Path
) -> None:
    work = work_of(tmp_path / "data")
    (work.data.folder / "dry").write_text("")
    (problem, *_) = {text for texts in missing_inputs(plan(), tmp_path / "data").values() for text in texts}
    assert problem.endswith("no paint")
    (work.data.folder / "dry").unlink()
    generate(work, 1, Share(), no_progress)
    (work.data.folder / "dry").write_text("")
    assert missing_inputs(plan(), tmp_path / "data") == {}


def test_a_suite_generates_by_itself(plan: Callable[..., Plan], drive: Any, output: Output, tmp_path: Path) -> None:
    tally = drive(plan())
    assert tally.trained == 2
    (folder,) = (tmp_path / "data" / "synthetic").glob("dotted-dots-*[0-9a-f]")
    assert len(read_manifest(folder)) == 7
