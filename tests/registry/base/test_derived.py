import os
from pathlib import Path

import pytest

from provbench.benchmarks.common import ensure_generated
from provbench.registry import TASKS, UserError
from provbench.registry.base.derived import VARIABLE, derived_folder, derived_folders, generated_folder


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that may only be read, whoever runs the tests."""
    folder, access = tmp_path / "data", os.access
    folder.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != folder and access(path, mode))
    return folder


def test_beside_the_data_where_these_can_be_written(tmp_path: Path) -> None:
    assert derived_folder(tmp_path) == tmp_path
    assert derived_folder(tmp_path / "not" / "yet" / "there") == tmp_path / "not" / "yet" / "there"


def test_read_only_data_have_a_folder_of_their_own_in_the_users_cache(read_only: Path, tmp_path: Path) -> None:
    folder = derived_folder(read_only)

    assert folder.parent == tmp_path / "cache" / "provbench"
    assert folder.name.startswith("data-")
    assert derived_folders(read_only) == [read_only, folder]


def test_the_variable_decides_and_roots_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine"))
    one, other = derived_folder(tmp_path / "a" / "data"), derived_folder(tmp_path / "b" / "data")

    assert one.parent == other.parent == tmp_path / "mine"
    assert one != other


def test_neither_can_be_written(read_only: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    with pytest.raises(UserError, match=rf"neither {read_only} nor .*provbench: cannot be written.*set {VARIABLE}"):
        derived_folder(read_only)
    assert derived_folders(read_only) == [read_only]


def test_generated_data_lie_in_the_root_unless_that_is_read_only_and_lacks_them(
    read_only: Path, tmp_path: Path
) -> None:
    assert generated_folder(tmp_path / "other", "birds-mini") == tmp_path / "other" / "birds-mini"
    assert generated_folder(read_only, "birds-mini") == derived_folder(read_only) / "birds-mini"
    (read_only / "birds-mini").mkdir()
    assert generated_folder(read_only, "birds-mini") == read_only / "birds-mini"


def test_a_mini_task_is_prepared_beside_a_read_only_root(read_only: Path) -> None:
    task = TASKS.get("waterbirds")
    mini = task(task.resolve_params({}, "mini", ""), variant="mini", data_root=read_only)
    assert mini.root == derived_folder(read_only) / "waterbirds-mini"
    ensure_generated(mini.root, {"version": 1}, lambda folder: (folder / "1.png").touch())
    assert (mini.root / "1.png").is_file()
    assert list(read_only.iterdir()) == []
    full = task(task.resolve_params({}, "full", ""), variant="full", data_root=read_only)
    assert full.root == read_only / "waterbirds"
