"""Suite files: what is accepted, and how what is not is complained about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from provbench.registry import UserError
from provbench.suites.file.schema import builtin_suites, load_suite
from provbench.suites.planning.plan import make_plan

from ..conftest import PLUGINS, TOY

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
    assert spec.augmentation.params == {"prob": 1.0, "beta": 1.0, "within": "batch"}


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


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("wb_5.full+alia-1", True),
        ("a" * 150, True),
        ("a" * 151, False),
        ("ü" * 76, False),
        *((name, False) for name in (".", "..", ".hidden", "-x", "water birds", "wb 5%", "wb/alia", "a:b", "a[b]", "")),
    ],
)
def test_names_that_name_files(write_suite: Callable[..., Path], name: str, good: bool) -> None:
    quoted = f'"{name}"'
    suites = {
        "1: name": TOY.replace("name: toy", f"name: {quoted}"),
        "4: tasks": TOY.replace("  toy:", f"  {quoted}:").replace("{variant", "{task: toy, variant"),
        "11: tables.0.name": TOY + f"tables:\n- {{name: {quoted}, task: toy}}\n",
    }
    for place, text in suites.items():
        if good:
            assert make_plan(load_suite(str(write_suite(text))), PLUGINS).cells
        else:
            words = complaint(write_suite(text))
            assert f"suite.yaml:{place}" in words
            assert "a name has" in words


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "{variant: mini,",
            "{variant: mini, epochs: 2,",
            "4: tasks.toy.epochs: unknown field: did you mean params: {epochs: 2}?",
        ),
        ("{variant: mini,", "{variant: mini, epoch: 2,", "did you mean params: {epochs: 2}?"),
        ("{variant: mini,", "{variant: mini, train_size: 8,", "did you mean params: {train_size: 8}?"),
        ("{variant: mini,", "{variant: mini, proceses: 2,", "did you mean 'processes'?"),
        ("baseline: {}", "baseline: {lr: 0.1}", "methods.baseline.lr: unknown field: did you mean params: {lr: 0.1}?"),
        ("baseline: {}", "baseline: {cutmix.prob: 1}", "did you mean overrides: {cutmix.prob: 1}?"),
        ("{variant: mini,", "{variant: mini, cutmix.prob: 1,", "did you mean overrides: {METHOD: {cutmix.prob: 1}}?"),
        ("variant: mini", "variant: small", "4: tasks.toy.variant: toy: unknown variant 'small'. Known: full, mini."),
        (
            "variant: mini",
            "variant: ful",
            "tasks.toy.variant: toy: unknown variant 'ful': did you mean 'full'? ",
        ),
        ("variant: mini", "variant: 5", "4: tasks.toy.variant: must be text (got 5)"),
        ("epochs: 2", "optimizer: adam", "optimizer: must be 'sgd' or 'adamw': did you mean 'adamw'? (got 'adam')"),
        ("epochs: 2", "optimizer: rmsprop", "optimizer: must be 'sgd' or 'adamw' (got 'rmsprop')"),
        ("seeds: [0, 1]", "seeds: 0", "2: seeds: must be a list (got 0)"),
        ("seeds: [0, 1]", "seeds: []", "2: seeds: must have at least 1 entry (got [])"),
        ("seeds: [0, 1]", "seeds: [0, 1.5]", "2: seeds.1: must be an integer (got 1.5)"),
        ("name: toy", "name: 3", "1: name: must be text (got 3)"),
        ("name: toy", "description: x", "1: name: required, and not given"),
        ("baseline: {}", "baseline: null", "methods.baseline: must be a mapping of names to values (got null)"),
        (
            "seeds: [0, 1]",
            "search: {warm_starts: [3]}",
            "2: search.warm_starts.0: must be 'suite', or must be a mapping",
        ),
        ("seeds: [0, 1]", "search: {trails: 3}", "2: search.trails: unknown field: did you mean 'trials'?"),
        (
            "seeds: [0, 1]",
            "search: {space: {lr: {hihg: 1}}}",
            "search.space.lr.hihg: unknown field: did you mean 'high'?",
        ),
        ("seeds: [0, 1]", "tables: [{name: t, columns: [{metrik: a}]}]", "did you mean 'metric'?"),
    ],
)
def test_complaints_are_in_the_words_of_the_file(
    write_suite: Callable[..., Path], old: str, new: str, expected: str
) -> None:
    words = complaint(write_suite(TOY.replace(old, new, 1)))
    assert expected in words
    for python in ("tuple", "dict", "Input should", "NoneType", "None", "literal[", "instance of", "extra"):
        assert python not in words


@pytest.mark.parametrize("text", ["", "[1]", "toy", "null"])
def test_a_file_that_is_no_mapping_is_no_suite(write_suite: Callable[..., Path], text: str) -> None:
    words = complaint(write_suite(text))
    assert "suite.yaml:1: a suite is a mapping with name, tasks and methods (got " in words
    assert "NoneType" not in words
