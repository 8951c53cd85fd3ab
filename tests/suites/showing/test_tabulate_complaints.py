"""What a suite file may say wrong about its tables is named with its line."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from provbench.registry import UserError
from provbench.suites.planning.plan import Plan
from provbench.suites.showing.overview import untouched
from provbench.suites.showing.tabulate import make_tables

from .suite_text import BASE

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
