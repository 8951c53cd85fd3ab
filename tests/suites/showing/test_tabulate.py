"""From a suite to its tables: what they hold by default, and their numbers computed once more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from provbench.results import RunRecord, Table
from provbench.results.store import Choice
from provbench.suites.file.schema import load_suite
from provbench.suites.planning.plan import Plan, make_plan
from provbench.suites.showing.overview import CellState, untouched
from provbench.suites.showing.tabulate import make_tables, uses_groups

from .suite_text import BASE


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
