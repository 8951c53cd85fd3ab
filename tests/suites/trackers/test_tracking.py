"""What trackers are told, and that nothing that they do reaches the runs."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from provbench.results.store.record import RunRecord
from provbench.suites.driving.output import Output
from provbench.suites.planning.spec import RunSpec
from provbench.suites.trackers import Tracking, tracking as module


def diary(output: Output) -> list[str]:
    return (output.trackers / "diary" / "diary.txt").read_text().splitlines()


def test_every_record_is_told_once_and_then_the_tables(mirror: Any, tracking: Any, output: Output) -> None:
    mirror("diary")
    keys = output.store.keys()
    assert diary(output)[0] == "open"
    assert sorted(diary(output)[1:-1]) == [f"log {key}" for key in keys]
    assert diary(output)[-1] == "close"
    record = output.store.get(keys[0])
    assert record is not None
    told = json.loads((output.trackers / "diary" / f"{keys[0]}.json").read_text())
    assert told == {"suite": "toy", "cell": "toy", "test": record.test, "pictures": []}
    assert (output.trackers / "diary" / "log.txt").read_text() == "good night\n"

    (output.trackers / "diary" / f"{keys[1]}.json").unlink()
    pictures = output.root / "pictures" / keys[1]
    pictures.mkdir(parents=True)
    for name in ("b.png", "a.png", "a.txt"):
        (pictures / name).touch()
    mirror("diary")
    assert diary(output)[6:] == ["open", f"log {keys[1]}", "close"]
    told = json.loads((output.trackers / "diary" / f"{keys[1]}.json").read_text())
    assert told["pictures"] == [str(pictures / "a.png"), str(pictures / "b.png")]

    telling = tracking("diary")
    telling.tables("toy", [Path("toy.csv"), Path("toy.md")])
    telling.close()
    assert diary(output)[9:] == ["open", "tables toy toy.csv toy.md", "close"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("failing", r"failed (ConnectionError: no route)"),
        ("hanging", r"hangs (no answer for 0.5 s)"),
        ("dying", r"died: its process ended by itself (exit code 7)"),
        ("unreadable", r"cannot start (PermissionError: no entry)"),
        ("uninstalled", r"failed (ModuleNotFoundError: No module named 'no_such_package')"),
    ],
)
@pytest.mark.slow
def test_a_tracker_that_fails_fails_no_run_and_no_other_tracker(
    name: str, reason: str, mirror: Any, output: Output
) -> None:
    patience = 0.5 if name == "hanging" else 30
    expected = f"^tracker {name} {re.escape(reason)}; it receives nothing more$"
    with pytest.warns(module.TrackerWarning, match=expected) as caught:
        tally = mirror(name, "diary", patience=patience)
    assert tally.trained == 4
    assert len(caught) == 1
    assert len(diary(output)) == 6


def test_nothing_is_started_before_the_driver_has_the_output_folder(tracking: Any, output: Output) -> None:
    tracking("diary").close()
    assert not output.trackers.exists()


def test_finished_records_that_are_there_cost_next_to_nothing(
    tracking: Any, spec: RunSpec, record: RunRecord, output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is listed once: none of them is told, and none has its pictures listed."""
    folder = output.trackers / "diary"
    folder.mkdir(parents=True)
    keys = [f"key{number}" for number in range(100)]
    for key in keys:
        (folder / f"{key}.json").touch()
    observer: Tracking = tracking("diary")
    observer.planned(len(keys))
    monkeypatch.setattr(Path, "glob", None)
    for key in keys:
        observer.finished(spec, record.model_copy(update={"key": key}), cached=True)
    observer.close()
    assert diary(output) == ["open", "close"]


def test_a_record_that_was_made_anew_is_told_again(
    tracking: Any, spec: RunSpec, record: RunRecord, output: Output
) -> None:
    for attempt in (1, 2):
        observer: Tracking = tracking("diary")
        observer.finished(spec, record.model_copy(update={"attempt": attempt}), cached=False)
        observer.close()
    assert diary(output) == ["open", f"log {record.key}", "close"] * 2


DRIVER = """\
import os, signal, sys, time
from pathlib import Path
from provbench.registry import TRACKERS, load_plugins
from provbench.suites.trackers import Tracking

if __name__ == "__main__":
    load_plugins((sys.argv[1],))
    tracking = Tracking([TRACKERS.build("diary")], Path("out"), Path("none"))
    tracking.planned(1)
    while not Path("out/diary/diary.txt").exists():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_tracker_ends_with_its_driver(tmp_path: Path) -> None:
    """Where the driver is killed, the tracker's folder is soon free again."""
    (tmp_path / "driver.py").write_text(DRIVER)
    toys = Path(__file__).with_name("toy_trackers.py")
    done = subprocess.run([sys.executable, "driver.py", toys], cwd=tmp_path, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    with FileLock(tmp_path / "out" / "diary" / ".lock", timeout=30):
        pass
