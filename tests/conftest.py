"""Fixtures that every test may use."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from provbench.registry import core

ROOT = Path(__file__).parents[1]

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # a busy machine is no failure
os.environ.pop("PYTHONUNBUFFERED", None)  # it would hide output that a process gathers, and loses when it is killed


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real annotation files; tests that read them are skipped where it is absent."""
    folder = Path(os.environ.get("PROVBENCH_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the folder of real annotation files is not here (PROVBENCH_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def installed_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the example plugin package was installed into, from its sources, without a network."""
    folder = tmp_path_factory.mktemp("plugin")
    source, target = folder / "source", folder / "target"
    package = ROOT / "tests" / "plugin_package"
    shutil.copytree(package, source, ignore=shutil.ignore_patterns("__pycache__"))  # the build writes beside it
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    options = ["--no-deps", "--no-build-isolation", "--target", str(target), str(source)]
    if uv:
        command = [uv, "pip", "install", "--offline", "--quiet", "--python", sys.executable, *options]
    else:
        command = [sys.executable, "-m", "pip", "install", "--no-index", "--quiet", *options]
        if subprocess.run([*command[:3], "--version"], capture_output=True, check=False).returncode:
            pytest.skip("neither uv nor pip is here to install the plugin package with")
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    return target


@pytest.fixture
def forgotten_plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever the example plugin package registers during a test is forgotten afterwards."""

    def forget() -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == "provbench_example"]:
            del sys.modules[name]

    core.load_plugins()
    for registry in core.REGISTRIES.values():
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    monkeypatch.setattr(core, "_loaded", core._loaded - {"provbench_example"})
    forget()
    yield
    forget()


@pytest.fixture
def example_plugins(forgotten_plugins: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the example plugin package, which can be imported."""
    package = ROOT / "tests" / "plugin_package"
    monkeypatch.syspath_prepend(package)
    return package / "provbench_example"


@pytest.fixture(scope="session")
def tiny_stable_diffusion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Stable Diffusion model of 16 pixels with random weights."""
    from .tiny_models import write_stable_diffusion

    folder = tmp_path_factory.mktemp("models") / "tiny"
    write_stable_diffusion(folder)
    return folder
