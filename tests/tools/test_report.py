"""`provbench report` and `provbench figures`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from provbench.registry import UserError
from provbench.tools.cli import app

TOY = str(Path(__file__).parents[1] / "plugins" / "toy.py")
SUITE = """\
name: toy
description: Two methods.
seeds: [0, 1]
tasks:
  toy: {variant: mini, params: {epochs: 1, train_size: 16}}
methods:
  baseline: {}
  "<img src=x onerror=alert(1)>": {augmentation: cutmix}
search: {trials: 2, space: {lr: null}}
"""


def call(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [*map(str, arguments), "--plugin", TOY])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a suite and its runs."""
    folder = tmp_path_factory.mktemp("suite")
    (folder / "suite.yaml").write_text(SUITE)
    assert call("run", *of(folder), "--executor", "inline").exit_code == 0
    return folder


def of(folder: Path) -> tuple[object, ...]:
    """The suite in a folder, with its runs and data there."""
    return folder / "suite.yaml", "--out", folder / "runs", "--data", folder / "data"


def test_the_site_is_beside_the_tables_or_where_it_is_asked_for(ran: Path, tmp_path: Path) -> None:
    done = call("report", *of(ran))
    index = ran / "runs" / "suites" / "toy" / "report" / "index.html"
    assert index.is_file()
    assert f"{index}: 4 runs" in done.stdout.replace("\n", "")
    call("report", *of(ran), "--to", tmp_path / "site")
    assert (tmp_path / "site" / "index.html").is_file()


def test_a_second_time_only_the_time_may_change(ran: Path, tmp_path: Path) -> None:
    arguments = ("report", *of(ran), "--to", tmp_path / "site", "--json")
    first, second = (json.loads(call(*arguments).stdout) for _ in range(2))
    assert first["index"] == str(tmp_path / "site" / "index.html")
    assert (first["runs"], second["runs"]) == (4, 4)
    assert second["written"] <= 1
    assert second["removed"] == 0


def test_trials_get_pages_on_request(ran: Path, tmp_path: Path) -> None:
    arguments = ("report", *of(ran), "--to", tmp_path / "site", "--json")
    assert json.loads(call(*arguments, "--all").stdout)["runs"] == 4 + 4
    assert json.loads(call(*arguments).stdout)["removed"] >= 4


def test_the_commands_on_a_run_s_page_find_the_run(ran: Path, tmp_path: Path) -> None:
    call("report", *of(ran), "--to", tmp_path / "site")
    page = next((tmp_path / "site" / "runs").iterdir())
    assert f"provbench replay {page.stem} --out {ran / 'runs'} --data {ran / 'data'} --plugin {TOY}" in page.read_text()


def test_a_suite_that_has_not_run_has_a_site_of_gaps(tmp_path: Path) -> None:
    (tmp_path / "suite.yaml").write_text(SUITE)
    done = call("report", *of(tmp_path), "--to", tmp_path / "site")
    assert done.exit_code == 0
    assert "0 of 4 done, 4 missing" in (tmp_path / "site" / "index.html").read_text()


def test_a_folder_with_other_files_is_refused(ran: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="choose an empty folder"):
        call("report", *of(ran), "--to", tmp_path)


def test_figures_are_drawn_as_svg_and_png(ran: Path, tmp_path: Path) -> None:
    done = call("figures", *of(ran), "--to", tmp_path / "figures", "--json")
    files = [Path(file) for file in json.loads(done.stdout)]
    assert {"toy-convergence.svg", "toy-convergence.png", "toy-cost.svg"} <= {file.name for file in files}
    assert all(file.is_file() for file in files)


def test_without_runs_there_is_nothing_to_draw(tmp_path: Path) -> None:
    (tmp_path / "suite.yaml").write_text(SUITE)
    with pytest.raises(UserError, match="no finished runs"):
        call("figures", *of(tmp_path), "--to", tmp_path / "figures")
    (tmp_path / "mini.yaml").write_text("name: t\ntasks: {waterbirds: {variant: mini}}\nmethods: {baseline: {}}\n")
    with pytest.raises(UserError, match="data are not ready"):
        call("figures", tmp_path / "mini.yaml", *of(tmp_path)[1:], "--to", tmp_path / "figures")
