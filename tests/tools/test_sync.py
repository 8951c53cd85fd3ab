"""`provbench sync`, with wandb's own `wandb sync` against a small W&B server on this machine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from provbench.registry import TRACKERS
from provbench.results.store.record import RunRecord
from provbench.suites.planning.spec import PluginSpec, RunSpec

Run = Callable[..., subprocess.CompletedProcess[str]]

RUNS = ["a" * 20, "b" * 20, "c" * 20]
API_KEY = "0" * 40
"""wandb wants it that long."""


def spec(seed: int) -> RunSpec:
    return RunSpec(
        task=PluginSpec(name="toy", version="1", params={}),
        variant="mini",
        seed=seed,
        phase="final",
        selection_metric="accuracy",
        fingerprint="",
        suite="birds",
        cell="toy",
        method="baseline",
    )


def record(seed: int) -> RunRecord:
    return RunRecord(
        key=RUNS[seed],
        suite="birds",
        task="toy",
        variant="mini",
        method="baseline",
        phase="final",
        seed=seed,
        parameters={"lr": 0.05},
        status="done",
        test={"accuracy": 60.0 + seed},
        curve=[{"epoch": epoch, "accuracy": 10.0 * epoch} for epoch in (1, 2)],
        epoch=2,
    )


def mirror(folder: Path, **params: Any) -> None:
    """Three runs and a suite's tables, as `provbench run --track wandb` leaves them."""
    folder.mkdir(parents=True)
    table = folder.parent / "toy.md"
    table.write_text("| method |\n")
    tracker = TRACKERS.build("wandb", **params)
    tracker.open(folder)
    for seed in range(len(RUNS)):
        tracker.log(spec(seed), record(seed), [])
    tracker.tables("birds", [table])
    tracker.close()


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mirrored") / "wandb"
    mirror(folder)
    return folder


@pytest.fixture
def runs(mirrored: Path, tmp_path: Path) -> Path:
    """The tracker's folder of the output folder `runs`; moved there, which it must stand."""
    return shutil.copytree(mirrored, tmp_path / "runs" / "trackers" / "wandb")


class Server:
    """The W&B server, and how to tell it what to do."""

    def __init__(self, url: str) -> None:
        self.url = url

    def script(self, **script: Any) -> None:
        """How it fails from now on."""
        urlopen(Request(f"{self.url}/script", json.dumps(script).encode(), method="POST")).close()

    @property
    def state(self) -> dict[str, Any]:
        with urlopen(f"{self.url}/state") as answer:
            return json.load(answer)

    @property
    def runs(self) -> dict[str, Any]:
        return self.state["runs"]

    @property
    def finished(self) -> list[str]:
        """The ids of the runs that arrived wholly, without the tables'."""
        return sorted(key for key, run in self.runs.items() if run["finished"] and run["job_type"] != "tables")


@pytest.fixture
def server() -> Iterator[Server]:
    script = Path(__file__).with_name("fake_wandb_server.py")
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Server(process.stdout.readline().strip())
        process.terminate()


@pytest.fixture
def sync(provbench: Run, server: Server, tmp_path: Path) -> Run:
    """Run `provbench sync` as someone who is logged in to the server."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        settings = {"WANDB_BASE_URL": server.url, "WANDB_API_KEY": API_KEY, "HOME": str(tmp_path), **environment}
        return provbench("sync", *arguments, **settings)

    return run


def test_runs_and_tables_are_uploaded_once(sync: Run, server: Server, runs: Path) -> None:
    done = sync("--json")
    assert done.returncode == 0, done.stderr
    uploaded = json.loads(done.stdout)["uploaded"]
    (tables,) = set(uploaded) - set(RUNS)
    assert len(uploaded) == 4
    assert server.finished == RUNS
    for seed, key in enumerate(RUNS):
        run = server.runs[key]
        named = {"entity": "me", "project": "provbench", "group": "birds", "job_type": "final"}
        assert run.items() >= {**named, "name": f"toy / baseline / seed {seed}", "exit_code": 0}.items()
        assert run["config"] == {"lr": 0.05, "task": "toy", "method": "baseline", "seed": seed}
        assert [(line["_step"], line["accuracy"]) for line in run["history"].values()] == [(1, 10), (2, 20)]
        assert run["summary"]["test/accuracy"] == 60 + seed
    (artifact,) = server.state["artifacts"]
    expected = {"run": tables, "name": "birds-tables", "type": "table", "project": "provbench", "committed": True}
    assert artifact.items() >= expected.items()
    assert artifact["files"]["toy.md"] == "| method |\n"

    done = sync()
    assert (done.returncode, done.stdout) == (0, "nothing to upload\n")
    assert {run["uploads"] for run in server.runs.values()} == {1}
    assert len(server.state["artifacts"]) == 1


def test_a_dry_run_tries_nothing(sync: Run, server: Server, runs: Path) -> None:
    server.script(login=False)
    done = sync("--dry-run")
    assert done.returncode == 0
    assert {f"would upload {key}" for key in RUNS} < set(done.stdout.splitlines())
    assert set(RUNS) < set(json.loads(sync("--dry-run", "--json").stdout)["pending"])
    assert server.state == {"runs": {}, "artifacts": []}


def test_another_project_is_another_place(sync: Run, server: Server, runs: Path) -> None:
    """The tables go where the runs go: plain `wandb sync --project` leaves an artifact where it was made for."""
    (runs / "uploaded.txt").write_text(
        "".join(f"{path.name} {server.url}//\n" for path in (runs / "wandb").glob("*-run-*"))
    )
    assert sync().stdout == "nothing to upload\n"
    done = sync("--project", "other", "--entity", "team")
    assert done.stdout == "4 W&B runs uploaded, 0 failed\n", done.stderr
    assert {(run["entity"], run["project"]) for run in server.runs.values()} == {("team", "other")}
    assert [artifact["project"] for artifact in server.state["artifacts"]] == ["other"]


@pytest.mark.slow
def test_failing_uploads_are_told_and_the_others_go_on(sync: Run, server: Server, runs: Path) -> None:
    (damaged,) = (runs / "wandb").glob(f"*-{RUNS[2]}/*.wandb")
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:60])
    server.script(refuse=[RUNS[0]], **{"break": [RUNS[1]]})
    done = sync("--json")
    assert done.returncode == 1
    assert list(json.loads(done.stdout)["failed"]) == RUNS
    for key, reason in zip(
        RUNS, ("permission denied", "Fatal error while uploading", "incomplete record"), strict=True
    ):
        assert f"provbench: {key} was not uploaded: " in done.stderr
        assert reason in json.loads(done.stdout)["failed"][key]
    assert len(json.loads(done.stdout)["uploaded"]) == 1

    server.script()
    damaged.write_bytes(whole)
    done = sync()
    assert (done.returncode, done.stdout) == (0, "3 W&B runs uploaded, 0 failed\n")
    assert server.finished == RUNS


@pytest.mark.slow
def test_killed_in_the_middle_it_goes_on(server: Server, sync: Run, runs: Path, tmp_path: Path) -> None:
    """What was under way is uploaded again, to the same ids; what was written down is not."""
    first = next((runs / "wandb").glob(f"*-{RUNS[0]}"))
    (runs / "uploaded.txt").write_text(f"{first.name} {server.url}//\n")
    server.script(hold=[RUNS[1]])
    settings = {"WANDB_BASE_URL": server.url, "WANDB_API_KEY": API_KEY}
    command = [sys.executable, "-m", "provbench.tools.cli", "sync"]
    with subprocess.Popen(command, cwd=tmp_path, env={**os.environ, **settings}, start_new_session=True) as process:
        while RUNS[2] not in server.finished:
            assert process.poll() is None
            time.sleep(0.05)
        assert "another process is uploading" in sync().stderr
        os.killpg(process.pid, signal.SIGKILL)
    server.script()
    assert sync().stdout == "3 W&B runs uploaded, 0 failed\n"
    assert server.finished == RUNS[1:]
    for key in RUNS[1:]:
        assert [line["accuracy"] for line in server.runs[key]["history"].values()] == [10, 20]
    assert sync().stdout == "nothing to upload\n"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"WANDB_API_KEY": ""}, "No API key configured"),
        ({"WANDB_API_KEY": "short"}, "API key must have 40+ characters"),
        ({}, "Failed to verify credentials"),
    ],
)
def test_without_a_login_nothing_is_tried(
    settings: dict[str, str], reason: str, sync: Run, server: Server, runs: Path
) -> None:
    server.script(login=False)
    done = sync(**settings)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("provbench: cannot log in to W&B: ")
    assert line.endswith(". Nothing was uploaded; run `wandb login` or set WANDB_API_KEY.")
    assert reason in line
    assert not server.runs


def test_nothing_to_upload(sync: Run, tmp_path: Path) -> None:
    done = sync("--out", "nowhere")
    assert (done.returncode, done.stderr.count("no such output folder")) == (2, 1)
    (tmp_path / "empty").mkdir()
    assert sync("--out", "empty").stdout == "nothing to upload\n"


def test_what_is_mirrored_online_is_not_uploaded_again(
    sync: Run, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", server.url)
    monkeypatch.setenv("WANDB_API_KEY", API_KEY)
    folder = tmp_path / "runs" / "trackers" / "wandb"
    mirror(folder, mode="online", project="live")
    assert server.finished == RUNS
    assert {run["project"] for run in server.runs.values()} == {"live"}
    assert len(server.state["artifacts"]) == 1
    assert len(TRACKERS.build("wandb").present(folder)) == 4
    assert sync().stdout == "nothing to upload\n"
