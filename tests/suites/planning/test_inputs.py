"""What a suite needs and is not there is named at once, and the rest can be run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provbench.benchmarks.common.weights import FILES, missing_weights
from provbench.registry import MissingDataError, UserError
from provbench.suites.driving.driver import Driver
from provbench.suites.driving.output import Output
from provbench.suites.executors.inline import Inline
from provbench.suites.planning.inputs import describe_missing, listed, missing_inputs, restrict
from provbench.suites.planning.plan import Plan
from provbench.suites.planning.spec import Place
from provbench.suites.showing.overview import survey_ready

SUITE = """\
name: s
seeds: [0]
tasks:
  toy: {variant: mini, params: {epochs: 1, train_size: 32}}
  waterbirds: {variant: full}
  cub-wsol: {variant: full, params: {weights: null}}
methods:
  baseline: {}
  cutmix: {augmentation: cutmix}
"""


@pytest.fixture
def plan(make: Callable[..., Plan]) -> Plan:
    return make(SUITE)


def test_many_cells_are_grouped_by_their_methods() -> None:
    assert listed(["a/one", "a/two", "b/one"]) == "a/one, a/two, b/one"
    sections = [f"task-{number}" for number in range(9)]
    names = [f"{section}/{method}" for section in sections for method in ("bob", "datadream")]
    told = "bob, datadream on task-0, task-1, task-2, task-3, task-4, task-5 and 3 more tasks"
    assert listed(names) == told
    assert listed([*names, "other/bob"]) == f"{told}; bob on other"


def named(found: dict[Any, list[str]]) -> set[str]:
    return {f"{cell.name}/{cell.method}" for cell in found}


def test_everything_is_named_once_with_those_who_need_it_and_the_rest_can_be_run(plan: Plan, tmp_path: Path) -> None:
    missing = missing_inputs(plan, tmp_path)
    assert named(missing) == {"waterbirds/baseline", "waterbirds/cutmix", "cub-wsol/baseline", "cub-wsol/cutmix"}
    text = describe_missing(plan, missing)
    assert text.count("resnet50-0676ba61.pth: no such weights") == 1
    assert text.count("waterbirds/baseline, waterbirds/cutmix: ") == 2, "the data and the weights"
    assert text.count("cub-wsol/baseline, cub-wsol/cutmix: ") == 1
    command = f"provbench run {plan.file.path} --only toy/baseline --only toy/cutmix"
    assert text.endswith(f"What lacks nothing runs with: {command}")


def test_a_driver_names_it_all_and_writes_nothing_and_the_rest_runs(plan: Plan, output: Output, tmp_path: Path) -> None:
    place = Place(tmp_path / "data", output.work)
    with pytest.raises(MissingDataError, match=r"4 of 6 methods on tasks lack inputs(.|\n)*--only toy/baseline"):
        Driver(plan, output, Inline(), place).run()
    assert not output.root.exists()
    assert Driver(restrict(plan, ["toy"]), output, Inline(), place).run().trained == 2
    states, problem = survey_ready(plan, output, place.data_root)
    assert [state.under().done for state in states] == [1, 1, 0, 0, 0, 0]
    assert problem


def test_methods_without_their_edits_are_told_and_the_others_lack_nothing(
    make: Callable[..., Plan], output: Output, tmp_path: Path
) -> None:
    plan = make(
        "name: s\nseeds: [0]\ntasks: {waterbirds: {variant: mini}}\n"
        "methods: {baseline: {}, edits: {synthesizer: {name: edited-images, edits: mine}}}\n"
    )
    assert missing_inputs(plan, tmp_path) == {}, "the mini data are made first"
    plan.cells[0].build_task(tmp_path).prepare(lambda done, total: None)
    missing = missing_inputs(plan, tmp_path)
    assert named(missing) == {"waterbirds/edits"}
    with pytest.raises(MissingDataError, match=r"waterbirds/edits: (.|\n)*--only waterbirds/baseline"):
        Driver(plan, output, Inline(), Place(tmp_path, output.work)).run()


@pytest.mark.parametrize(
    ("only", "cells"),
    [
        ([], 6),
        (["baseline"], 3),
        (["toy"], 2),
        (["toy/cutmix"], 1),
        (["toy", "cub-wsol/baseline"], 3),
        (["toy", "toy/cutmix"], 2),
    ],
)
def test_only(plan: Plan, only: list[str], cells: int) -> None:
    assert len(restrict(plan, only).cells) == cells


def test_only_another_name(plan: Plan) -> None:
    with pytest.raises(UserError, match=r"--only: .* 'toy/cutmx': did you mean 'toy/cutmix'"):
        restrict(plan, ["toy/cutmx"])


def test_the_names_of_weight_files_are_torchvision_s() -> None:
    from torchvision.models import get_model_weights

    for (model, weights), name in FILES.items():
        assert get_model_weights(model)[weights].url.endswith(f"/{name}")


def test_weights_that_are_not_needed_or_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    assert missing_weights("resnet50", None, tmp_path) == []
    assert missing_weights("mine", "IMAGENET1K_V1", tmp_path) == []
    assert len(missing_weights("vgg16-cam", "IMAGENET1K_V1", tmp_path)) == 1
    (tmp_path / FILES["vgg16", "IMAGENET1K_V1"]).touch()
    assert missing_weights("vgg16-cam", "IMAGENET1K_V1", tmp_path) == []
