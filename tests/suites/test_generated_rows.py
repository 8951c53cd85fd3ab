"""Rows of the papers' suites whose images are generated: every composition draws images, with a tiny model."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from provbench.registry import SYNTHESIZERS
from provbench.registry.synthesizers import read_manifest
from provbench.suites.file import builtin_suites, load_suite
from provbench.suites.planning import make_plan

from ..tiny_models import write_stable_diffusion

SUITES = [name for name, path in builtin_suites().items() if "name: generated" in path.read_text()]
SIDE = 16


class Birds:
    """Two images of each of two classes, with descriptions and outlines."""

    num_classes = 2

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __len__(self) -> int:
        return 4

    def sample_id(self, index: int) -> str:
        return f"{index}.png"

    def label(self, index: int) -> int:
        return index // 2

    def image(self, index: int) -> np.ndarray:
        return np.full((SIDE, SIDE, 3), 60 * index, np.uint8)

    def segmentation(self, index: int) -> np.ndarray:
        return np.eye(SIDE) > 0

    def class_names(self) -> list[str]:
        return ["gull", "tern"]

    def context(self, index: int) -> dict[str, str]:
        return {"background": f"place {index}", "pose": "up"}


@cache
def compositions() -> dict[str, dict[str, Any]]:
    """The parameters of every distinct generated set, by the suite, section and method that has it first."""
    found: dict[str, dict[str, Any]] = {}
    for suite in SUITES:
        for cell in make_plan(load_suite(suite)).cells:
            used = cell.spec(0, "final", "").synthesizer
            if used is not None and used.name == "generated":
                found.setdefault(repr(_small(used.params, Path())), {"id": f"{suite}/{cell.method}", **used.params})
    return {one.pop("id"): one for one in found.values()}


def _small(params: dict[str, Any], model: Path) -> dict[str, Any]:
    """The composition with a tiny model, a step of everything, and a list of contexts in the place of a file."""
    small = {**params, "generator": {"name": "stable-diffusion", "model": str(model), "size": SIDE}}
    small.pop("attention", None)  # it names layers of the generator that is replaced
    small |= {"filter": "none", "per_class": 2, "per_image": None, "tries": 1, "template": params["template"]}
    small["sampler"] = {**params["sampler"], "steps": 4}
    if params["context"] is not None:
        small["context"] = "exact"
    if params["tuner"]["name"] != "none":
        small["tuner"] = {**params["tuner"], "max_steps": 1, "epochs": 1, "batch_size": 2}
    if params["prompts"].get("file"):
        small["prompts"] = {"name": "fixed-list", "contexts": [{"background": "sea", "pose": "up"}]}
    return small


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, tiny_stable_diffusion: Path) -> dict[str, Path]:
    """The tiny model by sampler: InstructPix2Pix has its own."""
    other = tmp_path_factory.mktemp("models") / "pix2pix"
    write_stable_diffusion(other, in_channels=8)
    return {"instruct-pix2pix": other, "": tiny_stable_diffusion}


def test_every_suite_has_such_rows() -> None:
    assert "alia_generated" in SUITES
    assert {"alia_generated/alia", "alia_generated/inpainting+guidance"} <= set(compositions())


@pytest.mark.slow
def test_every_composition_draws_images(models: dict[str, Path], tmp_path: Path) -> None:
    for number, (name, params) in enumerate(compositions().items()):
        model = models.get(params["sampler"]["name"], models[""])
        made = SYNTHESIZERS.build("generated", **_small(params, model))
        out = tmp_path / str(number)
        out.mkdir()
        made.synthesize(Birds(tmp_path), out, lambda *_: None)
        rows = read_manifest(out).rows
        assert len(rows) == 4, name
        assert all((row.mask is None) == (params["provenance"] == "none") for row in rows), name
        assert all((row.source is None) == (not made.sampler.edits) for row in rows), name
        assert all((row.lora is None) == (params["tuner"]["name"] == "none") for row in rows), name
