"""`provbench data weights`: which pretrained weights a suite reads, where they are, and how they are fetched."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provbench.benchmarks.common import weights
from provbench.suites.planning import inputs, restrict
from provbench.tools.commands.weights import fetch_missing
from provbench.tools.terminal import plan_of
from tests.benchmarks.downloads.server import Site, serving
from tests.registry.base.fake_hub import hub_of

from .conftest import Run
from .in_process import Ended, call

SUITE = """\
name: s
seeds: [0, 1]
tasks:
  waterbirds: {params: {model: resnet50, weights: IMAGENET1K_V1}}
  small: {task: waterbirds, variant: mini, params: {weights: null}}
methods:
  baseline: {}
  gals: {regularizers: [{name: gals, clip: someone/clip}]}
"""
CONTENT = b"weights" * 1000
NAME = f"resnet50-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    (tmp_path / "s.yaml").write_text(SUITE)

    def run(*arguments: object) -> Ended:
        return call(monkeypatch, capsys, "data", "weights", "s.yaml", *arguments)

    return run


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server on loopback in the place of torchvision's, without any files yet."""
    with serving() as running:
        monkeypatch.setattr(weights, "ADDRESS", f"{running.address}/")
        monkeypatch.setitem(weights.FILES, ("resnet50", "IMAGENET1K_V1"), NAME)
        yield running


def test_each_is_listed_once_with_those_who_read_it(ask: Any, tmp_path: Path) -> None:
    ended = ask()
    assert ended.returncode == 0, ended.stderr
    file, clip = (ended.stdout.index(f"{name} (") for name in ("resnet50-0676ba61.pth@0676ba61", "someone/clip"))
    assert "(torchvision, 102.5 MB): missing\n  read by waterbirds/baseline, waterbirds/gals\n" in ended.stdout[file:]
    assert "(transformers, of unknown size): missing\n  read by waterbirds/gals, small/gals\n" in ended.stdout[clip:]
    assert f"torch's cache {tmp_path / 'torch' / 'hub' / 'checkpoints'} (TORCH_HOME)" in ended.stdout
    assert ended.stdout.endswith("no known pretrained weights are read by small/baseline\n")


def test_for_programs_and_for_a_part_of_a_suite(ask: Any, tmp_path: Path) -> None:
    (tmp_path / "data" / "weights").mkdir(parents=True)
    file = tmp_path / "data" / "weights" / "resnet50-0676ba61.pth"
    file.touch()
    told = json.loads(ask("--json", "--only", "baseline").stdout)
    (one,) = told["weights"]
    assert told["without"] == ["small/baseline"]
    assert (one["library"], one["size"], one["verified"], one["problems"]) == ("torchvision", 102530333, True, [])
    assert Path(one["found"]).resolve() == file.resolve()
    assert one["origin"] == "https://download.pytorch.org/models/resnet50-0676ba61.pth"


def test_what_is_missing_is_fetched_by_its_own_library(ask: Any, site: Site, tmp_path: Path) -> None:
    site.add(NAME, CONTENT)
    ended = ask("--download", "--only", "baseline")
    assert ended.returncode == 0, ended.stderr
    place = tmp_path / "torch" / "hub" / "checkpoints" / NAME
    assert place.read_bytes() == CONTENT
    assert f"fetching {NAME} (torchvision" in ended.stderr
    assert f": in {place}\n" in ended.stdout
    asked = len(site.requests)
    assert ask("--download", "--only", "baseline").returncode == 0
    assert len(site.requests) == asked, "what is there is not asked for"


def test_a_run_fetches_the_weights_of_methods_that_cannot_be_run_without(
    ask: Any, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.add(NAME, CONTENT)
    plan = restrict(plan_of("s.yaml", ()), ["baseline"])

    with monkeypatch.context() as complete:
        complete.setattr(inputs, "_missing", lambda cell, data_root: [])
        assert fetch_missing(plan, tmp_path / "data") == []
    assert not site.requests, "what a complete method reads is there in another form"

    assert fetch_missing(plan, tmp_path / "data") == []
    assert (tmp_path / "torch" / "hub" / "checkpoints" / NAME).read_bytes() == CONTENT


def test_what_cannot_be_fetched_is_named_after_the_rest(ask: Any, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    ended = ask("--download")
    assert ended.returncode == 2
    assert f"{site.address}/{NAME}: could not be fetched (HTTPError: HTTP Error 404" in ended.stderr
    assert "someone/clip cannot be downloaded: HF_HUB_OFFLINE is set" in ended.stderr
    assert ended.stdout.count(": missing") == 2


@pytest.mark.slow
def test_the_hub_s_endpoint_and_cache_are_those_of_the_environment(provbench: Run, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(SUITE)
    files = {"config.json": b"{}", "vocab.json": b"[]", "model.safetensors": CONTENT}
    with hub_of({"someone/clip": files}) as hub:
        environment = {"HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path / "hf"), "no_proxy": "127.0.0.1"}
        environment |= {"HF_HUB_OFFLINE": "0", "TORCH_HOME": str(tmp_path / "torch")}
        only = ("--only", "small/gals", "--download")
        done = provbench("data", "weights", "s.yaml", *only, **environment)
        assert done.returncode == 0, done.stderr
        assert f"in {tmp_path / 'hf'}{os.sep}" in done.stdout
        assert "model.safetensors" in " ".join(hub.fetched)
    done = provbench("data", "weights", "s.yaml", *only, **environment)
    assert done.returncode == 0, "what is there is not asked for"
