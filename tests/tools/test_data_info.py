"""`provbench data info` and `data verify --links`: the files of a task's data set, and whether they are still there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provbench.benchmarks.downloads import DataFile, facts
from tests.benchmarks.downloads.server import Site, serving

from .in_process import Ended, call


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    def run(*arguments: object) -> Ended:
        return call(monkeypatch, capsys, "data", *arguments)

    return run


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Has the pets described by one file with these addresses."""

    def describe(*urls: str) -> None:
        fields = {"name": "images.tar.gz", "urls": urls, "provides": "images", "licence": "CC0", "source": "none"}
        file = DataFile.model_validate(fields)
        monkeypatch.setattr(facts, "read_facts", lambda path: {"fewshot-pets": (file,)})

    return describe


def test_files_are_listed_and_the_generated_variant_is_named(ask: Any) -> None:
    ended = ask("info", "fewshot-aircraft")
    assert ended.returncode == 0, ended.stderr
    assert "fgvc-aircraft-2013b.tar.gz (2,753.3 MB): missing" in ended.stdout
    assert "fewshot-aircraft:mini needs none of them" in ended.stdout
    told = json.loads(ask("info", "fewshot-aircraft:mini", "--json").stdout)
    assert (told["task"], told["generated"]) == ("fewshot-aircraft", ["mini"])
    assert "unknown variant 'tiny'" in ask("info", "fewshot-aircraft:tiny").stderr


def test_what_must_be_fetched_by_hand_is_said_with_its_steps(ask: Any) -> None:
    ended = ask("prepare", "fewshot-cars", "--download")
    assert ended.returncode == 2
    assert ended.stderr.count("must be fetched by hand") == 4
    assert "torchvision-stanford-cars of kaggle.com" in ended.stderr


@pytest.mark.parametrize("command", ["info", "verify"])
def test_addresses_are_asked_and_nothing_is_fetched(command: str, ask: Any, addresses: Any, tmp_path: Path) -> None:
    with serving() as site:
        check_links(site, ask, addresses, command)
    assert not list(tmp_path.iterdir())


def check_links(site: Site, ask: Any, addresses: Any, command: str) -> None:
    good = site.add("images.tar.gz", b"content")
    addresses(good)
    ended = ask(command, "fewshot-pets", "--links")
    assert ended.returncode == 0, ended.stderr
    assert f"{good}  [ok]" in ended.stdout
    assert {asked for _, asked in site.requests} == {"bytes=0-0"}
    gone = f"{site.address}/gone"
    addresses(good, gone)
    ended = ask(command, "fewshot-pets", "--links", "--json")
    assert ended.returncode == 1
    (file,) = json.loads(ended.stdout)["files"]
    assert file["links"][good] == "ok"
    assert "404" in file["links"][gone]
