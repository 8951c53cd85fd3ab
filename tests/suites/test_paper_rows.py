"""Rows of the papers' classification suites train: on the mini variants, with small networks, for two steps."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from provbench.registry.base import write_image
from provbench.registry.task import no_progress
from provbench.suites.file import load_suite
from provbench.suites.planning import Cell, Place, Plan, make_plan
from provbench.suites.planning.synthetic import data_fingerprint
from provbench.suites.running import execute

PAPER = Path(__file__).parents[2] / "suites" / "paper"
SMALL = {
    "resnet50": {"model": "tiny-cnn"},
    "clip-vit-b16": {"model": "tiny-clip", "image_size": 64},
    "mae-vit-b16": {"model": "tiny-mae", "image_size": 64},
}
"""The small network in the place of each; the code of the transformers is the same."""
SUITES = ("alia", "bob", "diff_ii")
MINI: dict[str, Any] = {"weights": None, "image_size": 32, "batch_size": 8, "steps": 2, "validations": 1}
MADE_ELSEWHERE = "generated"
"""The synthesizer whose rows need a diffusion model: they are tested with it."""


@cache
def small_plan(suite: str) -> Plan:
    """The suite on mini variants, with small networks and without what holds the budget."""
    import tempfile

    document = yaml.safe_load((PAPER / f"{suite}.yaml").read_text())
    for section in document["tasks"].values():
        params = section.get("params", {})
        small = SMALL[params.get("model", "resnet50")]
        section |= {"variant": "mini", "params": {**params, **MINI, **small}}
        if section.get("task", "").startswith("fewshot") and section["params"]["shots"] > 5:
            section["params"]["shots"] = 6
        for overrides in section.get("overrides", {}).values():
            if "edited-images.per_class" in overrides:
                overrides["edited-images.per_class"] = 2
    document["tables"] = []
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(yaml.safe_dump(document))
        file.flush()
        return make_plan(load_suite(file.name))


def synthesizer_of(method: dict[str, Any]) -> str | None:
    used = method.get("synthesizer")
    return used["name"] if isinstance(used, dict) else used


def rows() -> list[Any]:
    cells = [
        (suite, section, method)
        for suite in SUITES
        for document in [yaml.safe_load((PAPER / f"{suite}.yaml").read_text())]
        for section, of in document["tasks"].items()
        for method in of.get("methods", document["methods"])
        if synthesizer_of(document["methods"][method]) != MADE_ELSEWHERE
    ]
    return [pytest.param(*cell, id="/".join(cell)) for cell in cells]


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def prepare(cell: Cell, root: Path) -> None:
    """Has the data of a cell, and what other programs would have made of its training images."""
    task, used = cell.build_task(root), cell.spec(0, "final", "").synthesizer
    task.prepare(no_progress)
    if used is None or used.name == "background-swap":
        return
    data = task.training_set()
    folder = data.folder / ("edits/alia" if used.name == "edited-images" else used.params["path"])
    if folder.exists():
        return
    folder.mkdir(parents=True)
    rows = [["file", "label", "source"]]
    for index in range(0, len(data), max(1, len(data) // 40)):
        image = data.image(index).copy()
        image[: len(image) // 4] = np.random.default_rng(index).integers(0, 256, image[: len(image) // 4].shape)
        rows.append([f"{index}-0.png", str(data.label(index)), data.sample_id(index)])
        write_image(folder / rows[-1][0], image)
    if used.name == "image-set":
        with (folder / "images.csv").open("w", newline="") as stream:
            csv.writer(stream).writerows(rows)


@pytest.mark.slow
@pytest.mark.parametrize(("suite", "section", "method"), rows())
def test_a_row_trains_for_two_steps(suite: str, section: str, method: str, data_root: Path, tmp_path: Path) -> None:
    plan = small_plan(suite)
    cell = next(one for one in plan.cells if (one.name, one.method) == (section, method))
    prepare(cell, data_root)
    task = cell.build_task(data_root)
    spec = cell.spec(0, "final", data_fingerprint(task, cell.spec(0, "final", "").synthesizer))

    record = execute(spec, Place(data_root, tmp_path / "work"))

    assert (record.status, record.reason) == ("done", "")
    assert record.steps == 2
    assert record.test


@pytest.mark.parametrize("suite", SUITES)
def test_every_row_of_a_section_is_planned(suite: str) -> None:
    names = {(cell.name, cell.method) for cell in small_plan(suite).cells}
    document = yaml.safe_load((PAPER / f"{suite}.yaml").read_text())

    for section, of in document["tasks"].items():
        assert {(section, method) for method in of.get("methods", document["methods"])} <= names
