"""Suite files: what is accepted, and how what is not is complained about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from provbench.registry import UserError
from provbench.suites.plan import make_plan
from provbench.suites.schema import builtin_suites, load_suite

from .conftest import PLUGINS, TOY

GOOD = TOY.replace("  baseline: {}\n", "  baseline: {}\n  mixed: {augmentation: cutmix}\n")


def complaint(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        make_plan(load_suite(str(path)), PLUGINS)
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "cutmix, prob",
            "cutmx, prob",
            "suite.yaml:8: methods.cutmix+guidance.augmentation: unknown augm",
        ),
        ("prob: 0.5", "porb: 0.5", "unknown parameter 'porb': did you mean 'prob'?"),
        ("prob: 0.5", "prob: 1.5", "less than or equal to 1 (got 1.5)"),
        ("alpha: 0.03", "alpha: .nan", "finite number (got nan)"),
        ("epochs: 2", "epochs: two", "suite.yaml:4: tasks.toy: epochs:"),
        ("variant: mini", "variant: tiny", "suite.yaml:4: tasks.toy.variant:"),
        ("methods:\n", "metods:\n", "suite.yaml:5: metods: unknown field: did you mean 'methods'"),
        ("seeds: [0, 1]", "seeds: [0, 0]", "suite.yaml:2: seeds: [0, 0] has one twice"),
        ("seeds: [0, 1]", "seeds: [0, 1", "suite.yaml:3:6: not valid YAML"),
        ("seeds: [0, 1]", "name: again", "suite.yaml:2: 'name' is given twice"),
        ("seeds: [0, 1]", "seeds: !!python/name:os.system", "not valid YAML: could not determine a constructor"),
        (
            "{variant: mini,",
            "{variant: mini, methods: [basline],",
            "did you mean 'baseline'?",
        ),
        ("{variant: mini,", "{variant: mini, selection: oracel,", "did you mean 'oracle'?"),
        ("{variant: mini,", "{variant: mini, overrides: {baseline: {cutmix.prob: 1}},", "unknown parameter"),
        ("  toy:", "  toi:", "unknown task 'toi': did you mean 'toy'?"),
    ],
)
def test_complaints_name_line_field_value_and_remedy(
    write_suite: Callable[..., Path], old: str, new: str, expected: str
) -> None:
    assert old in TOY
    assert expected in complaint(write_suite(TOY.replace(old, new, 1)))


def test_search_space_is_checked_before_anything_runs(write_suite: Callable[..., Path]) -> None:
    def search(space: str) -> str:
        return complaint(write_suite(TOY + f"search: {{trials: 2, space: {{{space}}}}}\n"))

    assert "no cell has this parameter: did you mean 'cutmix.prob'" in search("cutmix.porb: null")
    assert "declares no search space" in search("epochs: null")
    assert "low 2.0 is above high 1.0" in search("lr: {low: 2, high: 1}")
    assert "less than or equal to 1" in search("cutmix.prob: {low: 0, high: 2}")
    assert "give either low and high, or choices" in search("lr: {low: 2}")


def test_a_search_may_not_use_a_final_seed(write_suite: Callable[..., Path]) -> None:
    assert "1 is one of the final seeds" in complaint(
        write_suite(TOY + "search: {trials: 2, seed: 1, space: {lr: null}}\n")
    )


def test_a_name_stands_for_a_plugin_without_parameters(write_suite: Callable[..., Path]) -> None:
    plan = make_plan(load_suite(str(write_suite(GOOD))), PLUGINS)
    spec = next(cell for cell in plan.cells if cell.method == "mixed").spec(0, "final", "")
    assert spec.augmentation is not None
    assert spec.augmentation.params == {"prob": 1.0, "beta": 1.0}


def test_unknown_suite_and_missing_file() -> None:
    with pytest.raises(UserError, match="did you mean 'mini'"):
        load_suite("mimi")
    with pytest.raises(UserError, match="no such suite file"):
        load_suite("nowhere/suite.yaml")


@pytest.mark.parametrize("name", sorted(builtin_suites()))
def test_every_suite_that_comes_with_provbench_is_valid(name: str) -> None:
    plan = make_plan(load_suite(name))
    assert plan.cells or plan.file.suite.tables


def test_a_suite_names_its_plugins_relative_to_itself(
    write_suite: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "from-the-suite"
    (tmp_path / "own.py").write_text(
        "from provbench.registry import AUGMENTATIONS, Augmentation\n"
        f"@AUGMENTATIONS.register({name!r})\n"
        "class FromTheSuite(Augmentation):\n"
        "    '''Does nothing.'''\n"
        "    def __call__(self, batch, generator, model):\n"
        "        return batch\n"
    )
    path = write_suite(TOY.replace("seeds:", "plugins: [./own.py]\nseeds:") + f"  mine: {{augmentation: {name}}}\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    plan = make_plan(load_suite(str(path)), PLUGINS)
    assert plan.plugins == (str(tmp_path / "own.py"), *PLUGINS)
    assert {cell.plugins for cell in plan.cells} == {plan.plugins}


def test_a_plugin_of_the_suite_that_cannot_be_loaded_is_named_with_its_line(write_suite: Callable[..., Path]) -> None:
    words = complaint(write_suite(TOY.replace("seeds:", "plugins: gone.py\nseeds:")))
    assert "suite.yaml:2: plugins.0: cannot load plugin" in words
    assert words.endswith("gone.py: no such file")


def test_an_unknown_name_says_how_plugins_are_loaded(write_suite: Callable[..., Path]) -> None:
    words = complaint(write_suite(TOY.replace("cutmix, prob", "cutmx, prob")))
    assert "--plugin" in words
    assert "plugins:" in words
