"""A plugin's file is edited under the same version: every command says so, and `--rerun` gives the new numbers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provbench.registry import core
from provbench.results import RunRecord, Store

from .in_process import Ended, call

TOY = Path(__file__).parents[1] / "plugins" / "toy.py"
PLUGIN = """\
from provbench.registry import REGULARIZERS, Regularizer

@REGULARIZERS.register("edited")
class Edited(Regularizer):
    '''Is edited.'''
    second_order = False
    def penalty(self, logits, batch, generator):
        return FACTOR * logits.square().mean()
"""
SUITE = f"""\
name: toy
seeds: [0, 1]
plugins: [my_plugins.py, {TOY}]
tasks:
  toy: {{variant: mini, params: {{epochs: 1, train_size: 32}}}}
methods:
  baseline: {{}}
  mine: {{regularizers: [edited]}}
"""
QUICK = ("--executor", "inline", "--pictures", 0)

Call = Callable[..., Ended]


class Folder:
    def __init__(self, path: Path, run: Call, forget: Callable[[], None]) -> None:
        self.path, self.run, self._forget = path, run, forget
        (path / "suite.yaml").write_text(SUITE)

    def edit(self, factor: str) -> str:
        """Write the plugin, as a new process would read it; its digest."""
        text = PLUGIN.replace("FACTOR", factor)
        (self.path / "my_plugins.py").write_text(text)
        self._forget()
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def records(self) -> dict[tuple[str, int], RunRecord]:
        return {(one.method, one.seed): one for one in Store(self.path / "runs").records()}

    def values(self) -> dict[tuple[str, int], dict[str, Any]]:
        return {name: one.outcome for name, one in self.records.items()}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Folder:
    monkeypatch.chdir(tmp_path)
    for name in ("PROVBENCH_OUT", "PROVBENCH_DATA", "PROVBENCH_STORAGE"):
        monkeypatch.delenv(name, raising=False)

    def forget() -> None:
        loaded = {name for name in core._loaded if not name.endswith("my_plugins.py")}
        monkeypatch.setattr(core, "_loaded", loaded)
        entries = {name: one for name, one in core.REGULARIZERS._entries.items() if name != "edited"}
        monkeypatch.setattr(core.REGULARIZERS, "_entries", entries)

    return Folder(tmp_path, lambda *arguments: call(monkeypatch, capsys, *arguments), forget)


def test_the_change_is_told_and_the_runs_are_repeated_on_demand(here: Folder) -> None:
    first = here.edit("0.1")
    assert here.run("run", "suite.yaml", *QUICK).returncode == 0
    old = here.records["mine", 0]
    code = old.plugins["regularizer edited"]
    assert (code.version, code.origin, code.file, code.sha256) == ("1", "my_plugins.py", "my_plugins.py", first)
    before = here.values()

    second = here.edit("9.0")
    assert second != first
    told = "2 records were made by another my_plugins.py"
    done = here.run("run", "suite.yaml", *QUICK)
    assert "0 runs trained, 4 found finished" in done.stdout
    assert told in " ".join(done.stdout.split()), "under the table"
    assert f"{told}, which was changed since: `provbench run` with --rerun 'mine' makes them again." in done.stderr
    assert told in here.run("tables", "suite.yaml", "--format", "csv").stderr
    assert told in here.run("status", "suite.yaml").stderr
    assert told in here.run("plan", "suite.yaml").stderr
    assert told in here.run("report", "suite.yaml").stderr
    page = (here.path / f"runs/suites/toy/report/runs/{old.key}.html").read_text()
    assert f"SHA-256 <code>{first}</code>" in page
    assert "version 1 of my_plugins.py" in page
    assert told in (here.path / "runs/suites/toy/report/index.html").read_text()
    assert told in (here.path / "runs/suites/toy/tables/toy.html").read_text()
    assert here.values() == before

    replayed = here.run("replay", old.key)
    assert replayed.returncode == 1
    assert f"recorded with the regularizer edited of another my_plugins.py (SHA-256 {first[:12]}…" in replayed.stdout

    done = here.run("run", "suite.yaml", *QUICK, "--rerun", "mine")
    assert "2 runs trained, 2 found finished" in done.stdout
    assert done.stdout.count("repeated: ") == 2
    assert " is {'accuracy'" in done.stdout or "curve[0] is" in done.stdout
    assert told not in done.stdout + done.stderr
    after = here.values()
    assert {name for name in after if after[name] != before[name]} == {("mine", 0), ("mine", 1)}
    aside = list((here.path / "runs" / "superseded").glob("*/1/*.json"))
    assert len(aside) == 2
    assert {json.loads(path.read_bytes())["record"]["plugins"]["regularizer edited"]["sha256"] for path in aside} == {
        first
    }
    assert len(list((here.path / "runs" / "superseded").glob("*/1/*.npz"))) == 2, "the predictions"
    assert told not in here.run("tables", "suite.yaml").stderr


def test_what_comes_out_the_same_is_said_and_no_longer_of_other_code(here: Folder) -> None:
    here.edit("0.1")
    assert here.run("run", "suite.yaml", *QUICK).returncode == 0
    before, key = here.values(), here.records["mine", 1].key
    here.edit("0.10")
    done = here.run("run", "suite.yaml", *QUICK, "--rerun", key[:10], "--json")
    assert json.loads(done.stdout)["repeated"] == {key: "the same"}
    assert "1 record was made by another my_plugins.py" in done.stderr, "seed 0"
    assert here.values() == before


def test_a_repetition_that_fails_leaves_the_finished_record(here: Folder) -> None:
    here.edit("0.1")
    assert here.run("run", "suite.yaml", *QUICK).returncode == 0
    before = here.values()
    here.edit("(1 / 0)")
    done = here.run("run", "suite.yaml", *QUICK, "--rerun", "mine")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stdout
    assert "its finished record stays" in done.stderr
    assert here.values() == before
    assert not (here.path / "runs" / "superseded").exists()


def test_what_is_not_there_to_repeat_is_named(here: Folder) -> None:
    here.edit("0.1")
    done = here.run("run", "suite.yaml", *QUICK, "--rerun", "mein")
    assert done.returncode == 2
    assert "--rerun mein: no record in runs has this key, and it is no method of the suite: did you mean" in done.stderr


def test_show_names_the_code(here: Folder) -> None:
    digest = here.edit("0.1")
    here.run("run", "suite.yaml", *QUICK)
    key = here.records["mine", 0].key
    shown = here.run("show", key).stdout
    assert "code of regularizer edited" in shown
    assert f"version 1 of my_plugins.py (my_plugins.py, SHA-256 {digest})" in shown
    assert "code of task toy" in shown
