"""Whether a machine has the driver's provbench: found out before anything of provbench is run there."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from provbench.suites.executors import installation
from provbench.suites.executors.installation import difference, installed, run_if_same, sources_digest


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "one" / "suites"
    (folder / "file").mkdir(parents=True)
    (folder / "file" / "suite.py").write_text("A = 1\n")
    (folder / "weights.safetensors").write_bytes(b"0")
    return folder


def test_the_installation_is_described_by_names_and_versions() -> None:
    found = installed()
    assert list(found) == ["provbench", "sources", "Python", "torch"]
    assert sys.version.startswith(found["Python"])
    assert "+" not in found["torch"]


def test_the_digest_is_that_of_sources_and_weights_wherever_they_lie(package: Path) -> None:
    before = sources_digest([package])
    (package / "file" / "README.md").write_text("words")
    (package / "file" / "suite.pyc").write_bytes(b"cache")
    assert sources_digest([package.rename(package.parents[1] / "suites")]) == before


@pytest.mark.parametrize("name", ["file/suite.py", "weights.safetensors", "new.py"])
def test_a_changed_file_changes_the_digest(package: Path, name: str) -> None:
    before = sources_digest([package])
    (package / name).write_text("A = 2\n")
    assert sources_digest([package]) != before


def test_a_file_that_moved_changes_the_digest(package: Path) -> None:
    before = sources_digest([package])
    (package / "file" / "suite.py").rename(package / "suite.py")
    assert sources_digest([package]) != before


def test_the_same_installation_makes_no_difference() -> None:
    assert difference(installed()) == ""


@pytest.mark.parametrize("name", ["provbench", "sources", "Python", "torch"])
def test_a_difference_names_the_node_both_installations_and_the_remedy(name: str) -> None:
    expected = {**installed(), name: "0.0.1"}
    message = difference(expected)
    assert message.startswith(f"node {platform.node()} has provbench {installed()['provbench']} (sources ")
    assert f"the driver has provbench {expected['provbench']} (sources {expected['sources']}, " in message
    assert "install the driver's provbench there" in message


def test_a_parcel_is_not_opened_where_the_installation_differs() -> None:
    assert run_if_same({**installed(), "sources": "0" * 12}, [], None) == difference(
        {**installed(), "sources": "0" * 12}
    )


def test_the_check_needs_no_provbench(tmp_path: Path) -> None:
    """What Ray sends finds out that a machine without provbench has none."""
    cloudpickle = pytest.importorskip("ray.cloudpickle")
    cloudpickle.register_pickle_by_value(installation)
    try:
        (tmp_path / "sent").write_bytes(cloudpickle.dumps(difference))
    finally:
        cloudpickle.unregister_pickle_by_value(installation)
    code = (
        "import pickle, sys; sys.modules['provbench'] = None; sent = open(sys.argv[1], 'rb');"
        "print(pickle.load(sent)({'provbench': '0.1.0', 'torch': '2.11.0'}))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "sent")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "has no provbench, but the driver has provbench 0.1.0 (torch 2.11.0): install" in done.stdout
