"""From a suite to its tables: the papers' layouts, what a suite file may say wrong, and numbers computed once more."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from provbench.registry import UserError
from provbench.results import PublishedNumber, RunRecord, Table, load_published
from provbench.results.store import Choice
from provbench.suites.file.schema import BUILTIN_FOLDER, load_suite
from provbench.suites.planning.plan import Plan, make_plan
from provbench.suites.showing.overview import CellState, untouched
from provbench.suites.showing.tabulate import make_tables, uses_groups, write_tables

PAPER = sorted(path.stem for path in (BUILTIN_FOLDER / "paper").glob("*.yaml"))
PUBLISHED = load_published()
RANK = {"paper": 0, "seed": 1, "secondary": 2}


@cache
def plan_of(suite: str) -> Plan:
    return make_plan(load_suite(suite))


@cache
def tables_of(suite: str) -> dict[str, Table]:
    """Of a suite for which no data are there and nothing was run."""
    return make_tables(plan_of(suite), untouched(plan_of(suite)))


class Layout:
    """A table of a suite file, read without the project's own reader, with the published numbers that belong in it."""

    def __init__(self, suite: dict[str, Any], table: dict[str, Any]) -> None:
        self.tasks, self.methods, self.table = suite.get("tasks", {}), suite.get("methods", {}), table
        task = self.tasks.get(table.get("task"), {})
        own = [{"method": name} for name in task.get("methods", self.methods)]
        rows = [{"method": row} if isinstance(row, str) else row for row in table.get("rows", own)]
        self.rows = [row for row in rows for _ in range(self.points(row["method"]))]
        self.columns = [{"metric": one} if isinstance(one, str) else one for one in table["columns"]]

    def points(self, method: str) -> int:
        return math.prod(map(len, self.methods.get(method, {}).get("sweep", {}).values()))

    def number(self, row: dict[str, Any], column: dict[str, Any]) -> PublishedNumber | None:
        """By plain filters over all that was published."""
        section = column.get("task", row.get("task", self.table.get("task")))
        task = self.tasks.get(section, {}).get("task", section)
        over = row.get("over", column["over"]) if "over" in column else None
        setting = row.get("setting", column.get("setting", self.table.get("setting", "")))
        model = row.get("model", column.get("model", self.table.get("model", self.model(section))))
        found = [
            one for one in PUBLISHED if (one.task, one.method, one.metric) == (task, row["method"], column["metric"])
        ]
        found = [one for one in found if (one.setting, one.over) == (setting, over) and model in (None, one.model)]
        return min(found, key=lambda one: (one.inferred, RANK[one.source]), default=None)

    def model(self, section: Any) -> str | None:
        default = {"waterbirds": "resnet50"}.get(section)
        return self.tasks[section].get("params", {}).get("model", default) if section in self.tasks else None


def layouts() -> list[Any]:
    documents = [(name, yaml.safe_load((BUILTIN_FOLDER / "paper" / f"{name}.yaml").read_text())) for name in PAPER]
    return [
        pytest.param(name, table["name"], Layout(suite, table), id=f"{name}-{table['name']}")
        for name, suite in documents
        for table in suite["tables"]
    ]


class TestPapers:
    @pytest.mark.parametrize(("suite", "name", "layout"), layouts())
    def test_the_published_columns_are_full_and_ours_empty(self, suite: str, name: str, layout: Layout) -> None:
        table = tables_of(suite)[name]
        expected = [[layout.number(row, column) for column in layout.columns] for row in layout.rows]
        assert [[cell.published for cell in cells] for cells in table.cells] == expected
        labels = [number.label for row in expected for number in row if number is not None]
        fields = [field for row in table.body() for field in row]
        assert [field.text for field in fields if field.kind == "published" and field.text] == labels
        assert labels or name in OURS_ONLY
        assert {field.text for field in fields if field.kind == "value"} <= {"", "–"}
        assert not any(cell.values or cell.keys for cells in table.cells for cell in cells)

    def test_a_note_says_which_setting_of_a_task_the_numbers_are_of(self) -> None:
        notes = tables_of("alia")["classification"].notes

        assert any(note.startswith("Setting of waterbirds, val: protocol alia-seed-0: ALIA's") for note in notes)
        assert any(note.startswith("Setting of cub, oracle: ") for note in notes)
        assert not any(note.startswith("Setting of iwildcam") for note in notes)

    def test_every_published_number_is_in_one_of_the_tables(self) -> None:
        tables = [table for suite in PAPER for table in tables_of(suite).values()]
        shown = {
            (cell.published.quantity, cell.published.value)
            for table in tables
            for cells in table.cells
            for cell in cells
            if cell.published is not None
        }
        notes = "\n".join(note for table in tables for note in table.notes)
        missing = [
            number
            for number in PUBLISHED
            if (number.quantity, number.value) not in shown and f"{number.label}, {number.where}" not in notes
        ]
        assert missing == []

    @pytest.mark.parametrize(("ablations", "suite"), [("wsol_cub_ablations", "wsol_cub"), ("alia_ablations", "alia")])
    def test_ablations_train_nothing_again(self, ablations: str, suite: str) -> None:
        def keys(name: str) -> dict[tuple[str, str], str]:
            plan = plan_of(name)
            return {(cell.name, cell.method): cell.spec(0, "final", "").key for cell in plan.cells}

        ours, theirs = keys(ablations), keys(suite)
        shared = ours.keys() & theirs.keys()
        assert shared
        assert {cell: ours[cell] for cell in shared} == {cell: theirs[cell] for cell in shared}
        if suite == "wsol_cub":
            point = ours["cub-wsol", "cutmix+guidance-alpha[gradient-guidance.alpha=0.05]"]
            assert point == theirs["cub-wsol", "cutmix+guidance"]

    def test_the_columns_of_the_main_table_of_localisation(self) -> None:
        table = tables_of("wsol_cub")["wsol"]
        sat = [row for row in table.rows if row.group == "SAT (DeiT-S)"]
        assert [row.method for row in sat] == ["baseline", "cutmix", "cutmix+guidance"]
        assert all(row.is_ours for row in table.rows)

    @pytest.mark.parametrize("suite", PAPER)
    def test_they_are_written_in_every_form(self, suite: str, tmp_path: Path) -> None:
        write_tables(tables_of(suite), tmp_path)
        names = {path.name for path in tmp_path.iterdir()}
        assert names == {
            f"{name}{end}" for name in tables_of(suite) for end in (".md", ".tex", ".html", ".csv", ".json")
        }


OURS_ONLY = {"alpha", "few_shot_10_clip", "generators", "groups", "mixing"}
"""Tables of which no number is published."""


BASE = """\
name: s
tasks:
  toy: {variant: mini}
  waterbirds: {params: {protocol: alia}}
  cub-wsol: {}
methods:
  baseline: {}
  cutmix: {augmentation: cutmix}
  guided: {augmentation: cutmix, regularizers: [gradient-guidance], sweep: {gradient-guidance.alpha: [0.1, 0.3]}}
tables:
"""
COMPLAINTS = {
    "unknown task 'toi': did you mean 'toy'": """
- {name: t, task: toi}  # here
""",
    "names no columns, and no task of the suite": """
- {name: t, task: cub, rows: [alia]}  # here
""",
    "names no rows, and no task of the suite": """
- {name: t, task: cub, columns: [accuracy]}  # here
""",
    "columns.1: unknown metric of waterbirds 'acuracy': did you mean 'accuracy'": """
- name: t
  task: waterbirds
  columns:
  - accuracy
  - acuracy  # here
""",
    "column 'accuracy' has no task": """
- {name: t, columns: [accuracy], rows: [baseline]}  # here
""",
    "columns.0: unknown task 'waterbird': did you mean 'waterbirds'": """
- name: t
  task: toy
  columns:
  - {metric: accuracy, task: waterbird}  # here
""",
    "rows.1: unknown method of waterbirds 'cutmux', in the suite or published: did you mean 'cutmix'": """
- name: t
  task: waterbirds
  rows:
  - cutmix
  - cutmux  # here
""",
    "rows: unknown method of waterbirds 'cutmux', in the suite or published: did you mean 'cutmix'": """
- name: t
  task: waterbirds
  rows:  # here
  - guided
  - cutmux
""",
    "unknown selection protocol of toy 'vall': did you mean 'val'": """
- name: t
  task: toy
  selection: vall
  columns:
  - accuracy  # here
""",
    "columns.0: unknown selection protocol of toy 'worst'": """
- name: t
  task: toy
  columns:
  - {metric: accuracy, selection: worst}  # here
""",
    "unknown model 'resnet5': did you mean 'resnet50'": """
- {name: t, task: waterbirds, model: resnet5}  # here
""",
    "unknown setting of published numbers '5-shots': did you mean '5-shot'": """
- {name: t, task: fewshot-cub, setting: 5-shots, columns: [accuracy], rows: [bob]}  # here
""",
    "rows.0: unknown setting of published numbers '5-shot'": """
- name: t
  task: waterbirds
  columns: [accuracy]
  rows:
  - {method: alia, setting: 5-shot}  # here
""",
    "columns.0: unknown method 'ali' that gains could be over: did you mean 'alia'": """
- name: t
  task: waterbirds
  rows: [alia]
  columns:
  - {metric: accuracy, over: ali}  # here
""",
    "bob was published with clip-vit-b16, mae-vit-b16, not-said, resnet50: name the model": """
- name: t
  task: fewshot-cub
  columns: [accuracy]
  rows:
  - bob  # here
""",
    "ts-cam was published with deit-s: name the model": """
- name: t
  task: cub-wsol
  columns: [Top-1 Loc]
  rows:
  - ts-cam  # here
""",
    "column 1 is 'accuracy', and this one 'worst-group accuracy': a table never mixes metrics": """
- name: t
  task: waterbirds
  columns:
  - accuracy
  - {metric: worst-group accuracy, mean_of: all}  # here
""",
    "column 1 is 'accuracy over alia', and this one 'accuracy': a table never mixes metrics": """
- name: t
  task: waterbirds
  columns:
  - {metric: accuracy, over: alia}
  - {metric: accuracy, mean_of: [1]}  # here
""",
    "mean_of: 3 is no other column with values": """
- name: t
  task: waterbirds
  columns:
  - accuracy
  - {metric: accuracy, mean_of: [1, 3]}  # here
""",
    "mean_of: 1 is no other column with values": """
- name: t
  task: waterbirds
  columns:
  - {metric: accuracy, mean_of: [1]}  # here
""",
    "mean_of: there are no columns before it": """
- name: t
  task: waterbirds
  columns:
  - {metric: accuracy, mean_of: all}  # here
""",
    "its rows are of the tasks ['toy', 'waterbirds']: one task a column": """
- name: t
  rows: [{method: cutmix, task: toy}, {method: alia, task: waterbirds}]
  columns:
  - accuracy  # here
""",
    "has mini and full tasks: make a table of each": """
- name: t  # here
  task: toy
  columns: [accuracy, {metric: accuracy, task: waterbirds}]
""",
    "show: must have at least 1 entry": """
- name: t
  show: []  # here
""",
    "show.0: unknown statistic 'worth'": """
- name: t
  show: [worth]  # here
""",
    "show.1: unknown statistic 'wilcoxn': did you mean 'wilcoxon'?": """
- name: t
  task: toy
  show: [value, wilcoxn]  # here
""",
    "show.1: wilcoxon: it compares with a baseline: give the table a `baseline:`": """
- name: t
  task: toy
  show: [value, wilcoxon]  # here
""",
    "show.0: friedman: it ranks over several tasks: give the table a column with `mean_of:`": """
- name: t
  task: toy
  show: [friedman]  # here
""",
}
"""Messages, and the tables that they are of; the line that they name is marked."""


class TestComplaints:
    @pytest.mark.parametrize(("message", "table"), COMPLAINTS.items(), ids=lambda text: text.split("\n")[0])
    def test_what_is_wrong_is_named_with_its_line(self, make: Callable[..., Plan], message: str, table: str) -> None:
        text = BASE + table.lstrip()
        (line,) = (number for number, one in enumerate(text.splitlines(), start=1) if one.endswith("# here"))

        def tabulate() -> None:
            plan = make(text)
            make_tables(plan, untouched(plan))

        with pytest.raises(UserError, match=re.escape(message)) as caught:
            tabulate()
        assert f"suite.yaml:{line}: tables.0" in str(caught.value)

    def test_every_table_has_its_own_name(self, make: Callable[..., Plan]) -> None:
        plan = make(f"{BASE}- {{name: t, task: toy}}\n- name: t\n  task: toy\n")
        line = BASE.count("\n") + 2
        with pytest.raises(UserError, match=rf"suite.yaml:{line}: tables.1.name: another table has the name 't'"):
            make_tables(plan, untouched(plan))

    def test_a_baseline_is_a_row(self, make: Callable[..., Plan]) -> None:
        plan = make(f"{BASE}- {{name: t, task: toy, baseline: cutmux}}\n")
        with pytest.raises(UserError, match="unknown baseline 'cutmux': did you mean 'cutmix'"):
            make_tables(plan, untouched(plan))


class TestDefaults:
    def test_a_suite_without_tables_has_one_a_task(self, make: Callable[..., Plan]) -> None:
        plan = make(BASE.removesuffix("tables:\n"))
        tables = make_tables(plan, untouched(plan))
        assert list(tables) == ["toy", "waterbirds", "cub-wsol"]
        toy = tables["toy"]
        assert [column.title for column in toy.columns] == ["accuracy [%]", "confidence [%]"]
        points = [f"guided[gradient-guidance.alpha={alpha}]" for alpha in (0.1, 0.3)]
        assert [row.method for row in toy.rows] == ["baseline", "cutmix", *points]
        assert (toy.title, toy.label, toy.variant.name) == ("Toy", "tab:toy", "mini")

    def test_a_metric_that_is_only_published_asks_nothing_of_ours(self, make: Callable[..., Plan]) -> None:
        text = "name: s\ntasks: {cub-wsol: {}}\nmethods: {baseline: {}}\n"
        plan = make(text + "tables: [{name: t, task: cub-wsol, columns: [Top-1 Loc, Top-5 Loc]}]\n")
        ((ours, theirs),) = make_tables(plan, untouched(plan))["t"].cells
        assert (ours.text(), theirs.text()) == ("–", "")
        assert [cell.published and cell.published.value for cell in (ours, theirs)] == [41.06, 50.66]


SUITE = """\
name: s
seeds: [0, 1, 2, 3, 4]
tasks:
  birds: {task: waterbirds, selection: [val, worst-group]}
  cub-wsol: {}
methods:
  baseline: {label: Plain}
  cutmix: {augmentation: cutmix}
  alia+guidance: {augmentation: cutmix, regularizers: [gradient-guidance]}
search: {trials: 8, space: {lr: null}}
tables:
- name: both
  columns:
  - {metric: accuracy, task: birds}
  - {metric: accuracy, task: cub-wsol}
  - {metric: accuracy, mean_of: all}
  - {metric: accuracy, task: birds, over: baseline}
  rows: [baseline, cutmix, {method: alia+guidance, over: cutmix}]
  baseline: baseline
- {name: costs, task: birds, columns: [time per epoch, epochs to converge, training time, peak memory]}
- {name: worst, task: birds, selection: worst-group, columns: [worst-group accuracy]}
"""
METHODS = ("baseline", "cutmix", "alia+guidance")
SEEDS = range(5)
GAP = ("cutmix", "cub-wsol", 3)
"""Method, task and seed of a run that is not there."""


class Synthetic:
    """A suite's states with scores drawn from a seed: `scores[task, protocol][method][seed]`."""

    def __init__(self, plan: Plan) -> None:
        self.rng = np.random.default_rng(7)
        self.scores: dict[tuple[str, str], dict[str, dict[int, float]]] = {}
        self.records: dict[tuple[str, str], dict[int, RunRecord]] = {}
        self.states = [self.state(plan, cell) for cell in plan.cells]

    def state(self, plan: Plan, cell: Any) -> CellState:
        selected = {}
        for protocol in cell.protocols:
            lr = 0.01 if protocol == "val" else 0.02
            specs = plan.final_specs(cell, "feed", {"lr": lr}, protocol)
            draws = self.rng.normal(60 + 5 * METHODS.index(cell.method), 3, len(specs))
            scores = {spec.seed: float(score) for spec, score in zip(specs, draws, strict=True)}
            scores = {seed: score for seed, score in scores.items() if (cell.method, cell.name, seed) != GAP}
            self.scores.setdefault((cell.name, protocol), {})[cell.method] = scores
            records = {spec.seed: self.record(spec, scores[spec.seed]) for spec in specs if spec.seed in scores}
            if (cell.name, protocol) == ("birds", "val"):
                self.records["birds", cell.method] = records
            selected[protocol] = Choice(protocol, cell.selection_metric(protocol), {"lr": lr}, records, specs)
        counts = {"finished": 7, "pruned": 1}
        return CellState(cell, 8, counts, search_seconds=3600.0, selected=selected)

    def record(self, spec: Any, score: float) -> RunRecord:
        return RunRecord(
            key=spec.key,
            suite="another",
            task=spec.task.name,
            variant=spec.variant,
            protocol=spec.task.version,
            method=f"{spec.method}-as-another-suite-calls-it",
            phase="final",
            seed=spec.seed,
            parameters=spec.parameters,
            status="done",
            test={"accuracy": score, "worst-group accuracy": score / 2},
            curve=[{"epoch": epoch, "accuracy": float(self.rng.integers(0, 5))} for epoch in range(1, 9)],
            seconds=float(self.rng.uniform(100, 200)),
            peak_memory_mb=float(self.rng.uniform(1000, 2000)),
            fingerprint="feed",
        )


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    path = tmp_path_factory.mktemp("tabulate") / "suite.yaml"
    path.write_text(SUITE)
    return make_plan(load_suite(str(path)))


@pytest.fixture(scope="module")
def synthetic(plan: Plan) -> Synthetic:
    return Synthetic(plan)


@pytest.fixture(scope="module")
def tables(plan: Plan, synthetic: Synthetic) -> dict[str, Table]:
    return make_tables(plan, synthetic.states)


class TestNumbers:
    """Against numpy, scipy and statsmodels."""

    def columns(self, synthetic: Synthetic) -> list[dict[str, dict[int, float]]]:
        """The values that the columns of table `both` must have."""
        birds, cub = synthetic.scores["birds", "val"], synthetic.scores["cub-wsol", "val"]
        mean = {
            name: {seed: float(np.mean([birds[name][seed], cub[name][seed]])) for seed in SEEDS if seed in cub[name]}
            for name in METHODS
        }
        over = {"cutmix": "baseline", "alia+guidance": "cutmix"}
        gains = {name: {seed: birds[name][seed] - birds[over[name]][seed] for seed in SEEDS} for name in over}
        return [birds, cub, mean, {"baseline": {}, **gains}]

    def test_values_means_spreads_and_intervals(self, synthetic: Synthetic, tables: dict[str, Table]) -> None:
        from scipy import stats

        for place, column in enumerate(self.columns(synthetic)):
            for cells, (method, expected) in zip(tables["both"].cells, column.items(), strict=True):
                cell, values = cells[place], list(expected.values())
                assert cell.values == pytest.approx(expected)
                if not expected:
                    assert cell.summary is None
                    continue
                assert cell.summary is not None, method
                assert cell.summary.mean == pytest.approx(np.mean(values))
                assert cell.summary.std == pytest.approx(np.std(values, ddof=1))
                low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
                interval = cell.summary.interval()
                assert interval is not None
                assert (interval.low, interval.high) == (pytest.approx(low), pytest.approx(high))
                assert cell.text() == f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f} ({len(values)})" + " –" * (
                    len(SEEDS) - len(values)
                )

    def test_p_values_and_bold(self, synthetic: Synthetic, tables: dict[str, Table]) -> None:
        for place, column in enumerate(self.columns(synthetic)[:3]):
            cells = {
                row.method: cells[place] for row, cells in zip(tables["both"].rows, tables["both"].cells, strict=True)
            }
            others = [method for method in METHODS if method != "baseline"]
            adjusted = holm_of([(column[method], column["baseline"]) for method in others])
            for method, p in zip(others, adjusted, strict=True):
                assert cells[method].p_value == pytest.approx(p)
            assert cells["baseline"].p_value is None
            means = {method: float(np.mean(list(column[method].values()))) for method in METHODS}
            better = {m for m, p in zip(others, adjusted, strict=True) if p <= 0.05 and means[m] > means["baseline"]}
            assert {method for method, cell in cells.items() if cell.bold} == better
            assert {method for method, cell in cells.items() if cell.best} == {max(better, key=means.__getitem__)}

    def test_deviations_from_the_published(self, synthetic: Synthetic, tables: dict[str, Table]) -> None:
        scores = synthetic.scores["birds", "val"]
        for method, value in {"baseline": 62.2, "alia+guidance": 80.7}.items():
            cell = tables["both"].cells[METHODS.index(method)][0]
            assert cell.published is not None
            assert cell.published.value == value
            assert cell.deviation is not None
            assert cell.deviation.points == pytest.approx(np.mean(list(scores[method].values())) - value)
        cell = tables["both"].cells[1][0]
        assert (cell.published, cell.deviation) == (None, None), "waterbirds was not published with CutMix"

    def test_costs(self, synthetic: Synthetic, tables: dict[str, Table]) -> None:
        for row, cells in zip(tables["costs"].rows, tables["costs"].cells, strict=True):
            records = synthetic.records["birds", row.method].values()
            seconds = np.array([record.seconds for record in records])
            accuracy = np.array([[entry["accuracy"] for entry in record.curve] for record in records])
            memory = np.array([record.peak_memory_mb for record in records])
            expected = [seconds / 8, accuracy.argmax(axis=1) + 1, seconds / 3600, memory / 1024]
            for cell, values in zip(cells, expected, strict=True):
                assert list(cell.values.values()) == pytest.approx(values)
        assert [column.unit for column in tables["costs"].columns] == ["s/epoch", "epochs", "h", "GB"]

    def test_a_protocol_shows_its_own_runs(self, synthetic: Synthetic, tables: dict[str, Table]) -> None:
        for row, (cell,) in zip(tables["worst"].rows, tables["worst"].cells, strict=True):
            scores = synthetic.scores["birds", "worst-group"][row.method]
            assert cell.values == pytest.approx({seed: score / 2 for seed, score in scores.items()})
        assert "Selection protocol of waterbirds: worst-group, by worst-group accuracy." in tables["worst"].notes

    def test_every_number_leads_to_its_runs(self, plan: Plan, tables: dict[str, Table]) -> None:
        for cell, cells in zip(plan.cells[:3], tables["both"].cells, strict=True):
            specs = plan.final_specs(cell, "feed", {"lr": 0.01}, "val")
            assert cells[0].keys == {spec.seed: spec.key for spec in specs}

    def test_notes(self, tables: dict[str, Table]) -> None:
        notes = tables["both"].notes
        assert "cutmix, cub-wsol: seed 3 missing." in notes
        each = ", ".join(f"{title} 8 (7 done, 1 pruned, 0 failed)" for title in ("Plain", "cutmix", "alia+guidance"))
        assert f"Search trials of waterbirds: {each}." in notes
        assert any("and 6.0 h of searching" in note for note in notes), "of three methods on two tasks"


def holm_of(pairs: list[tuple[Mapping[int, float], Mapping[int, float]]]) -> list[float]:
    from scipy.stats import ttest_rel
    from statsmodels.stats.multitest import multipletests

    shared = [sorted(a.keys() & b.keys()) for a, b in pairs]
    raw = [
        ttest_rel([a[seed] for seed in seeds], [b[seed] for seed in seeds])[1]
        for (a, b), seeds in zip(pairs, shared, strict=True)
    ]
    return np.asarray(multipletests(raw, method="holm")[1]).tolist()


def test_cells_that_use_groups(make: Callable[[str], Plan]) -> None:
    plan = make(
        "name: s\ntasks:\n  waterbirds: {overrides: {balanced: {sampling: group-balanced}}}\nmethods:\n  baseline: {}\n"
        "  balanced: {}\n  dro: {regularizers: [group-dro]}\n  guided: {regularizers: [gradient-guidance]}\n"
    )
    assert [cell.method for cell in plan.cells if uses_groups(cell)] == ["balanced", "dro"]
