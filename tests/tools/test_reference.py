"""`provbench schema`, `suite` and `describe suite`: what a suite file may say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from provbench.suites.file import builtin_suites, find_suite, parse_yaml
from provbench.tools.cli import CLOSED_PIPE
from provbench.tools.terminal.signals import HEEDED

from .in_process import Ended, call as call_in


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    return partial(call_in, monkeypatch, capsys)


@pytest.fixture
def schema(call: Callable[..., Ended]) -> Draft202012Validator:
    printed = json.loads(call("schema").stdout)
    Draft202012Validator.check_schema(printed)
    return Draft202012Validator(printed)


@pytest.mark.parametrize("path", builtin_suites().values(), ids=lambda path: path.stem)
def test_every_suite_that_comes_with_provbench_fits_the_schema(schema: Draft202012Validator, path: Path) -> None:
    document = json.loads(json.dumps(parse_yaml(path.read_text(encoding="utf-8"), str(path))[0]))
    assert [error.message for error in schema.iter_errors(document)] == []


@pytest.mark.parametrize("wrong", [{"seed": [0]}, {"seeds": "all"}, {"tasks": {"cub": {"proceses": 2}}}])
def test_the_schema_refuses_what_a_suite_may_not_say(schema: Draft202012Validator, wrong: dict[str, Any]) -> None:
    assert not schema.is_valid({"name": "s", **wrong})


def test_a_suite_is_printed_as_it_is_in_its_file(call: Callable[..., Ended]) -> None:
    assert call("suite", "mini").stdout == find_suite("mini").read_text(encoding="utf-8")


def test_an_unknown_suite_is_answered_by_the_nearest(call: Callable[..., Ended]) -> None:
    ended = call("suite", "mni")
    assert ended.returncode == 2
    assert "did you mean 'mini'" in ended.stderr


def test_every_key_is_described(call: Callable[..., Ended]) -> None:
    keys = {row["key"]: row for row in json.loads(call("describe", "suite", "--json").stdout)}
    assert keys["seeds"]["default"] == "[0, 1, 2]"
    assert keys["methods.NAME.augmentation"]["type"] == "text or section or null"
    assert keys["tables[].columns[].metric"]["default"] == "required"
    assert keys["search.trials"]["meaning"].startswith("in all, of each cell")
    assert not [key for key, row in keys.items() if not row["meaning"] and not key.endswith(".name")]


def test_the_exit_codes_that_contributing_lists_are_those_of_the_code() -> None:
    text = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("| exit code |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)
    listed = {int(code) for row in rows for code in row.split(",")}
    assert listed == {0, 1, 2, CLOSED_PIPE, *(128 + number for number in HEEDED)}
