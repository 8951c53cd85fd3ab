"""Signals that end the command line: everything is closed, and everything can be gone on with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from provbench.tools.terminal.signals import HEEDED, ending_on_signals, signal_of

from ..conftest import Run
from ..test_cli import SUITE, TOY


def signalled(number: signal.Signals) -> None:
    """Send this process a signal, and wait for what comes of it."""
    os.kill(os.getpid(), number)
    time.sleep(5)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_unwinds_the_stack_and_is_the_exit_code(number: signal.Signals, code: int) -> None:
    closed: list[bool] = []
    stack = ExitStack()
    stack.callback(closed.append, True)
    before = signal.signal(number, signal.SIG_DFL)  # under nohup SIGHUP is ignored
    try:
        with pytest.raises(SystemExit) as ended, ending_on_signals(), stack:
            signalled(number)
    finally:
        signal.signal(number, before)
    assert (ended.value.code, closed, signal_of(code)) == (code, [True], number.name)


def test_ctrl_c_stays_what_it_is() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    try:
        with pytest.raises(KeyboardInterrupt), ending_on_signals():
            signalled(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_was_there_before_is_there_again() -> None:
    before = [signal.getsignal(number) for number in HEEDED]
    with ending_on_signals():
        assert [signal.getsignal(number) for number in HEEDED] != before
    assert [signal.getsignal(number) for number in HEEDED] == before


def test_under_nohup_the_terminal_s_end_is_not_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_on_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_second_signal_ends_at_once() -> None:
    program = """
import time
from provbench.tools.terminal import ending_on_signals
with ending_on_signals():
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        print("closing", flush=True)
        time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in ("ready\n", "closing\n"):
            assert process.stdout.readline() == line
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 143


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["local", "inline"])
def test_a_suite_that_is_told_to_end_goes_on_where_it_was(executor: str, tmp_path: Path, provbench: Run) -> None:
    suite = tmp_path / "suite.yaml"
    suite.write_text(SUITE.replace("epochs: 1", "epochs: 300").replace("[0, 1]", "[0, 1, 2]"))
    options = ["run", str(suite), "--plugin", str(TOY), "--executor", executor]
    arguments = [sys.executable, "-m", "provbench.tools.cli", *options]
    process = subprocess.Popen(arguments, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    store = tmp_path / "runs" / "records"
    deadline = time.monotonic() + 120
    while not any(store.rglob("*.json")) and time.monotonic() < deadline:
        time.sleep(0.1)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 143, messages
    assert "ended by SIGTERM; what was finished is kept, and the same command goes on from here" in messages
    assert "Traceback" not in messages
    assert psutil.wait_procs(workers, timeout=10)[1] == []
    finished = {path.stem for path in store.rglob("*.json")}
    assert 0 < len(finished) < 6
    again = provbench(*options)
    assert again.returncode == 0, again.stderr
    assert f"{6 - len(finished)} runs trained, {len(finished)} found finished" in again.stdout


def test_a_signal_in_a_finalizer_is_not_lost() -> None:
    class Gone:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)

    def end_one(one: Gone) -> None:
        del one  # the last reference
        time.sleep(5)

    with pytest.raises(SystemExit) as ended, ending_on_signals():
        end_one(Gone())
    assert ended.value.code == 143
