"""A task and a network of a package outside, as CONTRIBUTING explains them: what stands there is what is run here."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from provbench.registry import MODELS, TASKS, MissingDataError, UserError, load_plugins
from provbench.registry.task import no_progress
from provbench.results.store import Store
from provbench.results.tables.notes import NO_PUBLISHED

from .in_process import Ended, call

Run = Callable[..., Ended]
CONTRIBUTING = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTION = CONTRIBUTING.partition("## A new task in an hour")[2].partition("\n## ")[0]
CODE = re.findall(r"^```python\n(.*?)^```$", SECTION, flags=re.MULTILINE | re.DOTALL)
(SUITE,) = re.findall(r"^```yaml\n(.*?)^```$", SECTION, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def run(
    example_plugins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs a command on the suite with some text replaced by other text."""
    monkeypatch.chdir(tmp_path)

    def command(name: str, *options: str, replaced: tuple[str, str] = ("", "")) -> Ended:
        assert replaced[0] in SUITE
        Path("shapes.yaml").write_text(SUITE.replace(*replaced, 1) if replaced[0] else SUITE, encoding="utf-8")
        return call(monkeypatch, capsys, name, "shapes.yaml", *options)

    return command


def test_the_example_is_the_package_that_is_tested(example_plugins: Path) -> None:
    task, network, registration = CODE

    assert task == (example_plugins / "shapes.py").read_text(encoding="utf-8")
    assert network == (example_plugins / "stripes_net.py").read_text(encoding="utf-8")
    assert set(registration.splitlines()[1:]) <= {"", *(example_plugins / "__init__.py").read_text().splitlines()}
    assert len(task.splitlines()) <= 80


def test_a_suite_with_them_runs_and_its_table_has_their_numbers(run: Run) -> None:
    ended = run("run", "--executor", "inline")

    assert ended.returncode == 0, ended.stderr
    (table,) = Path("runs").rglob("shapes.csv")
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    assert len({row["method"] for row in rows}) == 2
    assert {row["metric"] for row in rows} == {"accuracy", "class-averaged accuracy"}
    for row in rows:
        assert 0 <= float(row["mean"]) <= 100
        assert int(row["n"]) == 2


def test_a_variant_of_its_own_is_run_and_its_tables_say_so(run: Run, example_plugins: Path) -> None:
    load_plugins(("provbench_example",))
    import_module("provbench_example.shapes").draw(Path("data/shapes"), no_progress)
    ended = run("run", "--executor", "inline", "--only", "baseline", replaced=("mini", "subset"))

    assert ended.returncode == 0, ended.stderr
    (table,) = Path("runs").rglob("shapes.json")
    content = json.loads(table.read_text(encoding="utf-8"))
    assert content["variant"] == "subset"
    assert content["notes"][0] == f"SUBSET variant: every third training image. {NO_PUBLISHED}"
    assert {cell["variant"] for cell in content["cells"]} == {"SUBSET"}
    assert [record.variant for record in Store(Path("runs")).records()] == ["subset"] * 2
    assert not Path("data/shapes-mini").exists()


def test_a_statistic_of_its_own_stands_in_the_table_of_the_runs(run: Run) -> None:
    ended = run("run", "--executor", "inline", replaced=("    title: Shapes\n", "    show: [value, seed-range]\n"))

    assert ended.returncode == 0, ended.stderr
    (table,) = Path("runs").rglob("shapes.json")
    content = json.loads(table.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        values = [float(value) for value in cell["values"].values()]
        assert cell["seed-range"] == pytest.approx(max(values) - min(values))
    assert "seed range: the largest value over seeds less the smallest." in "\n".join(content["notes"])


@pytest.mark.parametrize(
    ("right", "wrong", "nearest"),
    [
        ("    title: Shapes\n", "    show: [seed-rnage]\n", "did you mean 'seed-range'"),
        ("  shapes: {variant: mini}", "  shape: {variant: mini}", "did you mean 'shapes'"),
        ("variant: mini", "variant: subst", "shapes.yaml:5: tasks.shapes.variant: shapes: unknown variant 'subst'"),
        ("variant: mini", "variant: subst", "did you mean 'subset'"),
        ("variant: mini", "variant: mini, params: {model: stripe-net}", "did you mean 'stripes-net'"),
        ("variant: mini", "variant: mini, params: {imagesize: 8}", "did you mean 'image_size'"),
        ("class-averaged accuracy", "class-average accuracy", "did you mean 'class-averaged accuracy'"),
    ],
    ids=["statistic", "task", "variant's place", "variant", "model", "parameter", "metric"],
)
def test_a_name_that_is_misspelt_is_told_the_nearest(run: Run, right: str, wrong: str, nearest: str) -> None:
    ended = run("plan", replaced=(right, wrong))

    assert ended.returncode == 2
    assert nearest in re.sub(r"\s*│\s*", " ", ended.stderr).replace("\n", " ")


def test_the_bases_other_services(example_plugins: Path, tmp_path: Path) -> None:
    load_plugins(("provbench_example",))
    cls = TASKS.get("shapes")
    task = cls(cls.resolve_params({"class_weighted": True}, "mini", "x"), variant="mini", data_root=tmp_path)
    with pytest.raises(MissingDataError, match="provbench data prepare shapes:mini"):
        task.fingerprint()
    task.prepare(no_progress)

    assert task.verify(no_progress) == []
    assert task.class_names() == ("circle", "square")
    assert task.class_weight().tolist() == [1, 1]
    assert (len(task.training_set()), len(task.eval_data("val")), len(task.eval_data("test"))) == (48, 16, 24)
    assert task.training_set().sample_id(0) == "train/circle/000.png"
    assert len(task.pictures(task.build_model(), 3)) == 3
    assert MODELS.version("stripes-net") == "1"


def test_a_subset_reads_the_full_data_sets_folder(example_plugins: Path, tmp_path: Path) -> None:
    load_plugins(("provbench_example",))
    cls = TASKS.get("shapes")
    import_module("provbench_example.shapes").draw(tmp_path / "shapes", no_progress)
    task = cls(cls.resolve_params({}, "subset", "x"), variant="subset", data_root=tmp_path)

    assert task.missing_inputs() == []
    assert (len(task.training_set()), len(task.eval_data("test"))) == (16, 24)
    with pytest.raises(UserError, match="shapes: unknown variant 'subst': did you mean 'subset'"):
        cls(task.params, variant="subst", data_root=tmp_path)


def test_the_full_data_set_is_asked_for_where_it_is_missing(example_plugins: Path, tmp_path: Path) -> None:
    load_plugins(("provbench_example",))
    cls = TASKS.get("shapes")
    task = cls(cls.resolve_params({"model": "stripes-net"}, "full", "x"), variant="full", data_root=tmp_path)

    (problem,) = task.missing_inputs()
    assert problem.startswith(f"{tmp_path}/shapes/train/circle: no such folder.\nGet shapes.zip from https://")
    assert yaml.safe_load(SUITE)["tasks"] == {"shapes": {"variant": "mini"}}
