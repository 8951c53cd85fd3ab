"""Search spaces, samplers, sweeps and models that cannot be are refused when the suite is checked, with their line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from provbench.registry import TASKS, SearchSpace, UserError, load_plugins
from provbench.suites.driving.cell_runs import search_base, search_settings
from provbench.suites.file.names import MOST_BYTES, shortened
from provbench.suites.file.schema import load_suite
from provbench.suites.file.search_space import fitted
from provbench.suites.planning.plan import Plan
from provbench.suites.search.study import study_name
from provbench.suites.showing.chosen_suite import chosen_suite
from provbench.suites.showing.overview import untouched

from ..conftest import PLUGINS

load_plugins(PLUGINS)

BIRDS = """\
name: s
seeds: [0]
tasks:
  waterbirds: {variant: mini, params: {model: tiny-cnn, weights: null, batch_size: 8}}
methods:
  baseline: {}
"""


def with_search(section: str, text: str = BIRDS) -> str:
    return f"{text}search: {{trials: 2, {section}}}\n"


def refused(make: Callable[[str], Plan], text: str) -> str:
    with pytest.raises(UserError) as raised:
        make(text)
    return str(raised.value)


def space_of(plan: Plan, name: str) -> SearchSpace:
    return plan.spaces(plan.cells[0])[name]


def test_choices_are_of_the_type_of_their_parameter(make: Callable[[str], Plan]) -> None:
    plan = make(with_search("space: {lr: {choices: [1e-4, 1e-3, 0.003]}}"))
    assert space_of(plan, "lr").choices == (1e-4, 1e-3, 0.003)
    base = search_base(plan, plan.cells[0], "")
    settings = search_settings(plan, plan.cells[0], base)
    other = make(with_search("space: {lr: {choices: [0.0001, 0.001, 0.003]}}"))
    assert study_name(base, settings) == study_name(base, search_settings(other, other.cells[0], base))


def test_choices_that_equal_their_values_are_left_as_studies_have_them(make: Callable[[str], Plan]) -> None:
    choices = space_of(make(with_search("space: {lr: {choices: [1, 0.5]}}")), "lr").choices
    assert choices is not None
    assert json.dumps(choices) == "[1, 0.5]"
    precise = space_of(make(with_search("space: {nesterov: {choices: [yes, no]}}")), "nesterov").choices
    assert precise == (True, False)


def test_the_range_of_an_integer_is_of_integers(make: Callable[[str], Plan]) -> None:
    assert space_of(make(with_search("space: {batch_size: {low: 4, high: 8}}")), "batch_size").integer
    assert space_of(make(with_search("space: {batch_size: {low: 4, high: 8, step: 2}}")), "batch_size").integer
    assert not space_of(make(with_search("space: {lr: {low: 1, high: 8}}")), "lr").integer
    words = refused(make, with_search("space: {batch_size: {low: 4, high: 8.5}}"))
    assert "suite.yaml:7: search.space.batch_size: an integer: its range needs integers" in words
    assert "needs integers" in refused(make, with_search("space: {batch_size: {low: 4, high: 8, step: 0.5}}"))
    assert "needs integers" in refused(make, with_search("space: {lr: {low: 1.5, high: 8, integer: true}}"))
    assert "give choices" in refused(make, with_search("space: {nesterov: {low: 0, high: 1}}"))
    assert "give choices" in refused(make, with_search("space: {schedule: {low: 0, high: 1}}"))


def test_kinds_of_parameters() -> None:
    ranged = SearchSpace(low=1, high=4)
    for annotation, integer in ((int, True), (int | None, True), (float, False), (int | float, False), (Any, False)):
        assert fitted(ranged, annotation, lambda value: value).integer is integer
    for annotation in (bool, str, str | None, Literal[1, 2]):
        with pytest.raises(UserError, match="give choices"):
            fitted(ranged, annotation, lambda value: value)


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ("low: 0.01, high: 0.02, step: 0", "search.space.lr.step: must be greater than 0 (got 0)"),
        ("low: 0.01, high: 0.02, step: -0.001", "search.space.lr.step: must be greater than 0 (got -0.001)"),
        ("low: 0.01, high: 0.02, step: .inf", "search.space.lr.step: must be a finite number (got inf)"),
        ("low: 0.01, high: .inf", "search.space.lr.high: must be a finite number (got inf)"),
        ("low: .nan, high: 1", "search.space.lr.low: must be a finite number (got nan)"),
        ("choices: []", "search.space.lr: choices needs at least one value"),
        ("choices: [.nan, 1]", "search.space.lr: choices needs finite numbers"),
        ("choices: [0.1, 0.1]", "search.space.lr: choices has 0.1 twice"),
        ("choices: [1e-3, 0.001]", "search.space.lr: choices has 0.001 twice"),
        ("choices: [abc]", "must be a number (got 'abc')"),
        ("choices: 3", "search.space.lr.choices: must be a list (got 3)"),
    ],
)
def test_spaces_that_cannot_be_are_refused_with_their_line(make: Callable[[str], Plan], space: str, words: str) -> None:
    found = refused(make, with_search(f"space: {{lr: {{{space}}}}}"))
    assert "suite.yaml:7: " in found
    assert words in found


@pytest.mark.parametrize(
    ("sampler", "space", "words"),
    [
        ("grid", "lr: null", "lr: a grid needs choices, or low, high and step"),
        ("grid", "lr: {low: 0, high: 1, step: 1.0e-7}", "10000001 combinations"),
        ("cma-es", "lr: {choices: [0.1, 0.2]}", "needs a range, and lr has choices alone"),
        ("qmc", "lr: {choices: [0.1, 0.2]}", "needs a range, and lr has choices alone"),
    ],
)
def test_samplers_that_cannot_draw_are_refused(
    make: Callable[[str], Plan], sampler: str, space: str, words: str
) -> None:
    text = with_search(f"sampler: {sampler}, space: {{{space}}}").replace("lr: {low: 0,", "momentum: {low: 0,")
    found = refused(make, text.replace("high: 1, step", "high: 0.99, step") if "momentum" in text else text)
    assert f"suite.yaml:7: search.sampler: {sampler}: waterbirds: baseline: " in found
    assert words.replace("10000001", "9900001") in found


def test_a_grid_of_integers_has_a_step(make: Callable[[str], Plan]) -> None:
    assert make(with_search("sampler: grid, space: {batch_size: {low: 4, high: 8}}"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("model: tiny-cnn", "model: resnet51", "model: unknown model 'resnet51': did you mean 'resnet50'"),
        ("weights: null", "weights: None", "weights: 'None' is text; for random weights write null"),
        ("weights: null", "weights: IMAGENET1K_V1", "weights: tiny-cnn has MINI_WORLD or null for random ones"),
    ],
)
def test_models_that_cannot_be_are_refused(make: Callable[[str], Plan], old: str, new: str, words: str) -> None:
    found = refused(make, BIRDS.replace(old, new))
    assert "suite.yaml:4: tasks.waterbirds: " in found
    assert words in found


def test_models_that_a_search_or_a_warm_start_names_are_checked(make: Callable[[str], Plan]) -> None:
    words = refused(make, with_search("space: {model: {choices: [tiny-cnn, tiny-cmm]}}"))
    assert "suite.yaml:7: search.space.model: model: unknown model 'tiny-cmm'" in words
    words = refused(make, with_search("space: {lr: null}, warm_starts: [{model: tiny-cmm}]"))
    assert "suite.yaml:7: search.warm_starts.0: model: unknown model 'tiny-cmm'" in words


def test_a_sweep_has_each_run_once(make: Callable[[str], Plan]) -> None:
    text = BIRDS.replace("baseline: {}", "b: {sweep: {lr: [1e-3, 0.001]}}")
    words = refused(make, text)
    assert "suite.yaml:6: methods.b.sweep: b[lr=1e-3] and b[lr=0.001] are the same runs: give each value once" in words
    assert "suite.yaml:6: methods.b.sweep: has a value twice" in refused(make, text.replace("1e-3, ", "0.001, "))
    assert len(make(text.replace("1e-3", "1e-2")).cells) == 2


def test_long_names_of_sweeps_are_usable(make: Callable[[str], Plan]) -> None:
    method = "m" * 500
    plan = make(
        with_search(
            "space: {weight_decay: null}", BIRDS.replace("baseline: {}", f"{method}: {{sweep: {{lr: [0.1, 0.2]}}}}")
        )
    )
    bases = [search_base(plan, cell, "") for cell in plan.cells]
    names = [study_name(base, search_settings(plan, cell, base)) for cell, base in zip(plan.cells, bases, strict=True)]
    assert len(set(names)) == 2
    assert all(len(name) < 512 for name in names), "the room that databases have"


def test_the_chosen_suite_of_a_long_name_has_a_name_of_its_own(make: Callable[[str], Plan], tmp_path: Path) -> None:
    plan = make(BIRDS.replace("name: s", f"name: {'ü' * (MOST_BYTES // 2)}"))
    path = tmp_path / "chosen.yaml"
    path.write_text(chosen_suite(plan, untouched(plan)), encoding="utf-8")
    name = load_suite(str(path)).suite.name
    assert name.endswith("-chosen")
    assert len(name.encode()) <= MOST_BYTES
    assert shortened("abc", "-x") == "abc-x"


def test_a_task_of_a_plugin_checks_its_own_parameters(make: Callable[[str], Plan], monkeypatch: Any) -> None:
    toy = TASKS.get("toy")

    def check(cls: type, params: Any) -> None:
        if params.fail:
            raise UserError(f"fail: {params.fail!r} fails")

    monkeypatch.setattr(toy, "check", classmethod(check))
    with pytest.raises(UserError, match=r"suite\.yaml:4: tasks\.toy: fail: 'x' fails"):
        make("name: s\nseeds: [0]\ntasks:\n  toy: {variant: mini, params: {fail: x}}\nmethods: {baseline: {}}\n")
