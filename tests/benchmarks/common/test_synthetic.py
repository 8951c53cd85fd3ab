from pathlib import Path

import numpy as np
import pytest

from provbench.benchmarks.common.images import ImageDataset
from provbench.benchmarks.common.synthetic import synthetic_records
from provbench.registry import MissingDataError, UserError
from provbench.registry.base.image_files import write_image, write_mask
from provbench.registry.synthesizers.manifest import Header, SyntheticImage, write_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    mask = np.zeros((20, 24), bool)
    mask[:, :12] = True
    write_image(tmp_path / "a.jpg", np.zeros((20, 24, 3), np.uint8))
    write_image(tmp_path / "b.jpg", np.zeros((20, 24, 3), np.uint8))
    write_mask(tmp_path / "a.png", mask)
    rows = [
        SyntheticImage(file="a.jpg", source="x", label=4, change="edited", seed=0, mask="a.png"),
        SyntheticImage(file="b.jpg", source=None, label=1, change="made", seed=0, mask=None),
    ]
    write_manifest(tmp_path, Header(synthesizer="test", version="1", params={}, images=2), rows)
    return tmp_path


def test_a_set_with_masks_is_guided(folder: Path) -> None:
    edited, made = synthetic_records(folder, 5)
    item = ImageDataset([edited], size=16, train=False)[0]

    assert (edited.label, edited.guided, made.label, made.guided, made.mask_path) == (4, True, 1, False, None)
    assert edited.id != made.id
    assert item["mask"][0, :, :8].eq(1).all()
    assert item["mask"][0, :, 8:].eq(0).all()


def test_labels_that_the_task_does_not_have(folder: Path) -> None:
    with pytest.raises(UserError, match=r"manifest\.jsonl: label of image 1 .*0\.\.3 \(got 4\)"):
        synthetic_records(folder, 4)


def test_no_set(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError):
        synthetic_records(tmp_path / "nowhere", 4)
