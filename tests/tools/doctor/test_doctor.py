"""`provbench doctor`: what it finds on a sound machine, and on one where something is wrong."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from provbench.registry import TASKS
from provbench.tools import doctor
from provbench.tools.cli import app
from provbench.tools.doctor import Finding, Level, data, examination, folders, installation, machine, services

from ..conftest import Run


def only(found: Iterable[Finding], subject: str) -> Finding:
    (finding,) = [one for one in found if one.subject == subject]
    return finding


class TestInstallation:
    def test_this_one_is_sound(self) -> None:
        assert only(installation.python(), "Python").level == "ok"
        assert only(installation.packages(), "packages").level == "ok"

    def test_a_missing_package_and_a_wrong_version_are_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lines = ["numpy<1", "no-such-package>=2", 'no-such-extra; extra == "ray"', "torch; python_version < '3'"]
        monkeypatch.setattr(installation, "requires", lambda name: lines)
        found = list(installation.packages())
        core = only(found, "packages")
        assert core.level == "fault"
        assert "no-such-package is missing" in core.found
        assert " is not <1" in core.found
        assert "make setup" in core.remedy
        extra = only(found, "extra ray")
        assert (extra.level, extra.found) == ("note", "no-such-extra is missing")

    def test_torch_that_cannot_be_imported(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(installation, "TORCH", "import json; raise ImportError('libcudart.so: cannot open')")
        found = only(installation.torch(), "torch")
        assert (found.level, "libcudart.so: cannot open" in found.found) == ("fault", True)

    def test_gpus_are_listed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(installation, "TORCH", 'print(\'["2.11", "13.0", [["H200", 150323855360]]]\')')
        found = list(installation.torch())
        assert only(found, "torch").found == "2.11, built with CUDA 13.0"
        assert only(found, "GPU").found == "H200, 140 GiB"

    def test_a_gpu_that_torch_does_not_see(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(installation, "TORCH", "print('[\"2.11\", null, []]')")
        monkeypatch.setattr(installation, "_nvidia", lambda: "GPU 0: H200")
        gpu = only(installation.torch(), "GPU")
        assert gpu.level == "note"
        assert "nvidia-smi does: GPU 0: H200" in gpu.found
        assert "CUDA_VISIBLE_DEVICES" in gpu.remedy


class TestFolders:
    def test_one_that_does_not_exist_yet(self, tmp_path: Path) -> None:
        found = only(folders.folder("--out", tmp_path / "a" / "b"), "--out")
        assert "GiB free" in found.found
        assert not (tmp_path / "a").exists()

    def test_a_file_in_its_place(self, tmp_path: Path) -> None:
        (tmp_path / "runs").write_text("")
        assert only(folders.folder("--out", tmp_path / "runs"), "--out").level == "fault"

    @pytest.mark.parametrize(("kind", "level"), [("nfs4", "note"), ("ext4", "ok")])
    def test_a_network_file_system(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, level: str
    ) -> None:
        mounts = [
            SimpleNamespace(mountpoint="/", fstype="ext4"),
            SimpleNamespace(mountpoint=str(tmp_path), fstype=kind),
        ]
        monkeypatch.setattr(folders.psutil, "disk_partitions", lambda all: mounts)
        monkeypatch.setattr(folders, "LITTLE_ROOM", 0)
        found = only(folders.folder("--out", tmp_path / "runs"), "--out")
        assert (found.level, kind in found.found) == (level, True)

    def test_a_full_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(folders.shutil, "disk_usage", lambda path: SimpleNamespace(free=10**6))
        found = only(folders.folder("--data", tmp_path), "--data")
        assert (found.level, found.remedy) == ("note", "provbench gc lists what can go")


class TestMachine:
    def test_the_clock_leaves_nothing_behind(self, tmp_path: Path) -> None:
        assert only(machine.clock(tmp_path / "runs"), "clock").level == "ok"
        assert not list(tmp_path.iterdir())

    def test_a_clock_that_is_off(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(machine.time, "time", lambda: 1e9)
        assert only(machine.clock(tmp_path), "clock").level == "note"

    def test_little_memory(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: SimpleNamespace(available=1, total=2))
        assert "--jobs 1" in only(machine.resources(), "memory").remedy


class TestServices:
    @pytest.fixture
    def port(self) -> Iterable[int]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield server.getsockname()[1]

    def test_wandb(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, port: int) -> None:
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.delenv("WANDB_API_KEY", raising=False)
        found = only(services.wandb(), "W&B")
        assert (found.level, "can be reached, no key" in found.found) == ("note", True)
        monkeypatch.setenv("WANDB_API_KEY", "secret")
        found = only(services.wandb(), "W&B")
        assert (found.level, "secret" in found.found) == ("ok", False)

    def test_ray(self, monkeypatch: pytest.MonkeyPatch, port: int) -> None:
        monkeypatch.delenv("RAY_ADDRESS", raising=False)
        assert not list(services.ray())
        monkeypatch.setenv("RAY_ADDRESS", f"ray://127.0.0.1:{port}")
        assert only(services.ray(), "Ray").level == "ok"
        monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
        assert only(services.ray(), "Ray").remedy


def test_every_task_is_there(tmp_path: Path) -> None:
    found = list(data.tasks(tmp_path))
    assert {one.subject for one in found} == {f"task {name}" for name in TASKS}
    waterbirds = only(found, "task waterbirds")
    assert waterbirds.level == "note"
    assert "data prepare waterbirds" in waterbirds.remedy


def test_what_cannot_be_examined_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Iterable[Finding]:
        raise RuntimeError("no such thing")

    for name in ("torch", "openmmlab", "packages"):
        monkeypatch.setattr(installation, name, broken)
    monkeypatch.setattr(services, "wandb", broken)
    found = list(examination.examine(tmp_path, tmp_path))
    assert only(found, "torch").found == "could not be examined: RuntimeError: no such thing"
    assert only(found, "Python").level == "ok"


@pytest.mark.parametrize(("level", "code", "last"), [("ok", 0, "runs can start"), ("fault", 1, "1 fault")])
def test_the_command(monkeypatch: pytest.MonkeyPatch, level: Level, code: int, last: str) -> None:
    finding = Finding("torch", level, "2.11", "make setup" if code else "")
    monkeypatch.setattr(doctor, "examine", lambda out, data: iter([finding]), raising=False)
    done = CliRunner().invoke(app, ["doctor"])
    assert (done.exit_code, last in done.stdout) == (code, True)
    assert ("→ make setup" in done.stdout) == bool(code)
    told = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)
    assert (told["well"], told["findings"][0]["subject"]) == (not code, "torch")


@pytest.mark.slow
def test_on_this_machine(provbench: Run) -> None:
    told = json.loads(provbench("doctor", "--json").stdout)
    assert told["well"]
    subjects = {one["subject"] for one in told["findings"]}
    assert {"Python", "torch", "OpenMMLab", "memory", "clock", "--out", "--data"} <= subjects
