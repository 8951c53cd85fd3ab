"""`provbench data export`."""

from __future__ import annotations

from pathlib import Path

import pytest

from provbench.benchmarks.waterbirds.data import alia_training_set, read_metadata
from provbench.benchmarks.waterbirds.mini import MiniSet, write
from provbench.registry.synthesizers.edits import read_mapping
from provbench.registry.task import no_progress

from .in_process import call


def test_the_training_set_of_the_given_parameters_is_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "data" / "waterbirds-mini"
    write(root, no_progress, MiniSet(train=60, val=6, test=6))
    export = ("data", "export", "waterbirds:mini", "--to", "out", "--param")
    ended = call(monkeypatch, capsys, *export, "protocol=alia-seed-0")
    numbered = [bird.id for bird in alia_training_set(read_metadata(root))]

    assert ended.returncode == 0, ended.stderr
    assert f"{len(numbered)} images and mapping.csv are in out" in ended.stdout
    assert list(read_mapping(tmp_path / "out" / "mapping.csv").values()) == numbered
    assert len(list((tmp_path / "out").glob("*.png"))) == len(numbered)
    again = call(monkeypatch, capsys, *export, "protocol=alia-seed-0")
    assert (again.returncode, "out: is not an empty folder" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["waterbirds:mini", "--split", "val"], "--split val: only the training images can be exported"),
        (["waterbirds:mini", "--param", "protocl=alia"], "did you mean 'protocol'"),
        (["waterbirds:mini", "--param", "protocol"], "--param protocol: write NAME=VALUE"),
        (["ucf101-24:mini"], "keypoints and no images"),
        (["waterbirds:mini"], "provbench data prepare waterbirds:mini"),
    ],
)
def test_what_cannot_be_exported_is_said(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    ended = call(monkeypatch, capsys, "data", "export", *arguments, "--to", "out")

    assert ended.returncode == 2
    assert message in ended.stderr
    assert not (tmp_path / "out").exists()
