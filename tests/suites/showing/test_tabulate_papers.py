"""The tables of the papers' suites, before anything was run, against all that was published."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from provbench.results import PublishedNumber, Table, load_published
from provbench.suites.file.schema import BUILTIN_FOLDER, load_suite
from provbench.suites.planning.plan import Plan, make_plan
from provbench.suites.showing.overview import untouched
from provbench.suites.showing.tabulate import make_tables, write_tables

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
