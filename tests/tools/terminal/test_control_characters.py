"""No name, message or record from elsewhere steers the terminal, whichever command prints it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from provbench.results.store import Store
from provbench.tools.terminal.progress import ProgressDisplay, progress_bar

from ..in_process import Ended, call

TOY = Path(__file__).parents[2] / "plugins" / "toy.py"
HOSTILE = "\x1b]52;c;cm0gLXJm\x07\x1b[2J\x9b5m\u202e"
SUITE = """\
name: s
seeds: [0]
tasks: {toy: {variant: mini, params: {epochs: 1, train_size: 16}}}
methods: {"m\\e[31m\\x9b5m": {label: "l\\e[2J\\x9b5m"}}
"""


@pytest.fixture
def provbench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(SUITE)

    def run(*arguments: object) -> Ended:
        return call(monkeypatch, capsys, *arguments)

    return run


def is_harmless(done: Ended) -> bool:
    return not set("\x1b\x07\x9b\u202e") & set(done.stdout + done.stderr)


def test_names_of_a_suite_and_fields_of_a_record(provbench) -> None:
    suite = ("s.yaml", "--plugin", TOY)
    assert is_harmless(provbench("plan", *suite))
    done = provbench("run", *suite, "--executor", "inline")
    assert done.returncode == 0
    assert is_harmless(done)
    assert "␛[31m" in done.stderr
    store = Store(Path("runs"))
    (key,) = store.keys()
    record = store.get(key)
    assert record is not None
    fields = {"status": "failed", "reason": HOSTILE, "traceback": HOSTILE, "test": {}, "val": {}}
    changed = record.model_copy(update={**fields, "device": HOSTILE, "commit": HOSTILE})
    store.record_path(key).unlink()
    store.put(changed)
    forms = [("text",), ("json",), ("csv",), ("markdown",), ("latex",), ("html",)]
    for command in [("show", key), ("why", key), *(("tables", *suite, "--format", *form) for form in forms)]:
        assert is_harmless(provbench(*command)), command
    for command in [("status", *suite), ("plan", *suite), ("run", *suite, "--executor", "inline"), ("list",), ("gc",)]:
        assert is_harmless(provbench(*command)), command
    shown = provbench("show", key, "--json")
    assert is_harmless(shown)
    assert json.loads(shown.stdout)["reason"] == HOSTILE


def test_a_complaint(provbench) -> None:
    done = provbench("plan", f"no{HOSTILE}.yaml")
    assert done.returncode == 2
    assert "␛" in done.stderr
    assert is_harmless(done)


def test_progress_lines_and_live_bars() -> None:
    screen = io.StringIO()
    with progress_bar(Console(file=screen, force_terminal=True, width=200, color_system=None)) as bar:
        bar.add_task(f"preparing a{HOSTILE}b", total=2, note=f"note{HOSTILE}")
        bar.refresh()
    assert "]52;" in screen.getvalue()
    assert not {"\x1b]", "\x1b[2J", "\x07", "\x9b", "\u202e"} & {
        part for part in ("\x1b]", "\x1b[2J", "\x07", "\x9b", "\u202e") if part in screen.getvalue()
    }
    display = ProgressDisplay()
    display.console = Console(file=(lines := io.StringIO()), width=200)
    display.preparing(f"a{HOSTILE}", 0, 1)
    assert "preparing a␛]52" in lines.getvalue()
    assert not set("\x1b\x07\x9b\u202e") & set(lines.getvalue())
