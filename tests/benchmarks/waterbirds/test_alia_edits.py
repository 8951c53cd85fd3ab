"""Edits that ALIA's code numbered find the birds that they were made of, and are refused elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from provbench.benchmarks.waterbirds.data import alia_training_set, image_path, read_metadata, segmentation_path
from provbench.benchmarks.waterbirds.mini import MiniSet, write
from provbench.benchmarks.waterbirds.task import Waterbirds, WaterbirdsParams
from provbench.registry import SYNTHESIZERS, TrainingSet, UserError
from provbench.registry.base.image_files import read_image, read_mask
from provbench.registry.synthesizers.background_swap import composite
from provbench.registry.synthesizers.manifest import SyntheticSet, read_manifest
from provbench.registry.task import no_progress


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn birds with an edit of each of ALIA's training images over noise, named as its code names them."""
    folder = tmp_path_factory.mktemp("data")
    root = folder / "waterbirds-mini"
    write(root, no_progress, MiniSet(train=200, val=12, test=12))
    rng = np.random.default_rng(0)
    for number, bird in enumerate(alia_training_set(read_metadata(root))):
        image, outline = read_image(image_path(root, bird)), read_mask(segmentation_path(root, bird))
        edit = composite(image, outline, rng.integers(0, 256, image.shape, dtype=np.uint8), 0)
        path = root / "edits" / "alia" / "put_the_bird_on_noise" / ("Landbird", "Waterbird")[bird.label]
        path.mkdir(parents=True, exist_ok=True)
        Image.fromarray(edit).save(path / f"{number}-0.png")
    return folder


def training_set(data_root: Path, protocol: str) -> TrainingSet:
    params = WaterbirdsParams.model_validate({"protocol": protocol, "model": "tiny-cnn", "weights": None})
    return Waterbirds(params, variant="mini", data_root=data_root).training_set()


def take(data: TrainingSet, out: Path, **params: object) -> SyntheticSet:
    SYNTHESIZERS.build("edited-images", **params).synthesize(data, out, no_progress)
    return read_manifest(out)


@pytest.mark.parametrize("order", ["provbench", "alia"])
def test_alias_own_training_set_is_numbered_as_its_edits(data_root: Path, tmp_path: Path, order: str) -> None:
    data = training_set(data_root, "alia-seed-0")
    taken = take(data, tmp_path, order=order)

    assert len(taken) == len(data) == 48
    for place, row in enumerate(taken.rows):
        outline = data.segmentation([data.sample_id(index) for index in range(48)].index(row.source or ""))
        mask = taken.mask(place)
        assert mask is not None
        assert mask[outline].mean() > 0.99
        assert mask[~outline].mean() < 0.2


def test_another_training_set_takes_the_edits_that_it_has_the_sources_of(data_root: Path, tmp_path: Path) -> None:
    data = training_set(data_root, "alia")
    with pytest.raises(UserError, match="do not resemble"):
        take(data, tmp_path / "refused")
    with pytest.warns(UserWarning, match=r"\d+ of 48 files are passed over, as edits of images that are not in this"):
        taken = take(data, tmp_path / "taken", order="alia")
    own = {data.sample_id(index) for index in range(len(data))}
    assert 0 < len(taken) < 48
    assert {row.source for row in taken.rows} <= own


def test_other_tasks_have_no_such_order(data_root: Path) -> None:
    data = training_set(data_root, "original")
    with pytest.raises(UserError, match=r"not numbered by 'other' \(known here: alia\)"):
        data.numbering("other")  # pyright: ignore[reportAttributeAccessIssue]
