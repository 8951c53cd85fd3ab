"""A statistic from a plugin's file, by its name in a suite's table: from YAML to every form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from provbench.registry import FIELDS, UserError
from provbench.results.tables import RENDERERS, render
from provbench.suites.file import load_suite
from provbench.suites.planning import Plan, make_plan
from provbench.suites.showing import make_tables, untouched

README = Path(__file__).parents[3] / "README.md"
TOY = Path(__file__).parents[2] / "plugins" / "toy.py"


def plan_of(folder: Path, name: str) -> Plan:
    """A suite whose table shows a statistic that the README's example adds."""
    (example,) = re.findall(r"```python\n(from provbench.registry import FIELDS.*?)```", README.read_text(), re.DOTALL)
    (folder / "ranges.py").write_text(example)
    path = folder / "suite.yaml"
    path.write_text(
        f"name: s\nplugins: [{TOY}, ranges.py]\ntasks: {{toy: {{}}}}\nmethods: {{a: {{}}, b: {{label: B}}}}\n"
        f"tables:\n- name: t\n  task: toy\n  columns: [accuracy]\n  show: [value, {name}]\n"
    )
    return make_plan(load_suite(str(path)))


@pytest.fixture(autouse=True)
def unregistered() -> Iterator[None]:
    yield
    FIELDS._entries.pop("range", None)


def test_the_example_of_the_readme_is_a_word_of_the_table_language(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "range")
    (table,) = make_tables(plan, untouched(plan)).values()
    assert table.show == ("value", "range")
    assert all(render(table, form) for form in RENDERERS)
    assert [cell["range"] for cell in json.loads(render(table, "json"))["cells"]] == [None, None]


def test_a_misspelt_statistic_is_named_with_its_line(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "rnage")
    with pytest.raises(UserError, match=r"yaml:9: tables.0.show.1: unknown statistic 'rnage': did you mean 'range'"):
        make_tables(plan, untouched(plan))
