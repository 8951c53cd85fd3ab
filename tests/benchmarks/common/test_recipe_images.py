"""Transforms of published recipes: in their order, with torchvision's draws, and with masks that move along."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

from provbench.benchmarks.common.rand_augment import NAMES, RandAugment
from provbench.benchmarks.common.recipe_images import RecipeImages, recipe_transforms
from provbench.benchmarks.common.records import ImageRecord
from provbench.registry.base import write_image, write_mask


@pytest.fixture
def record(tmp_path: Path) -> ImageRecord:
    """A white square on grey noise, with the square as the mask."""
    image = np.random.default_rng(0).integers(60, 120, (50, 60, 3), dtype=np.uint8)
    mask = np.zeros((50, 60), bool)
    mask[15:35, 20:40] = True
    image[mask] = 255
    write_image(tmp_path / "i.png", image)
    write_mask(tmp_path / "m.png", mask)
    return ImageRecord("i", tmp_path / "i.png", 1, tmp_path / "m.png", True)


def test_rand_augment_has_torchvisions_draws_and_pixels() -> None:
    image = tv_tensors.Image(torch.randint(256, (3, 40, 56), dtype=torch.uint8))
    ours, theirs, used = RandAugment(), v2.RandAugment(), set()
    for seed in range(150):
        torch.manual_seed(seed)
        expected = theirs(image)
        torch.manual_seed(seed)
        params = ours.make_params([image])
        used |= {name for name, _ in params["chosen"]}
        torch.manual_seed(seed)
        assert torch.equal(ours(image), expected)
    assert used == set(NAMES)


def test_only_geometric_operations_move_the_mask() -> None:
    image = tv_tensors.Image(torch.zeros(3, 32, 32, dtype=torch.uint8))
    image[:, 8:20, 8:20] = 200
    mask = tv_tensors.Mask((image[:1] > 0).to(torch.uint8))
    for seed in range(60):
        torch.manual_seed(seed)
        chosen = {name for name, _ in RandAugment().make_params([image])["chosen"]}
        torch.manual_seed(seed)
        moved, where = RandAugment()(image, mask)
        assert set(where.unique().tolist()) <= {0, 1}
        if not chosen & {"Solarize", "Equalize", "AutoContrast", "Posterize", "Brightness", "Sharpness", "Contrast"}:
            assert torch.equal(moved[:1] > 100, where.bool())


def test_the_recipe_of_bob_in_its_order() -> None:
    train, test = (recipe_transforms("bob", 224, None, train) for train in (True, False))

    assert [type(one).__name__ for one in train] == [
        "RandAugment", "RandomResizedCrop", "RandomHorizontalFlip", "RandomApply", "RandomGrayscale", "RandomApply",
        "RandomSolarize",
    ]  # fmt: skip
    assert (train[1].scale, train[1].interpolation) == ((0.25, 1.0), v2.InterpolationMode.BICUBIC)
    assert (train[3].p, train[4].p, train[5].p, train[6].p) == (0.8, 0.2, 0.2, 0.2)
    assert [type(one).__name__ for one in test] == ["Resize", "CenterCrop"]


@pytest.mark.parametrize("name", ["bob", "diff-ii", "diff-ii-long-tail"])
def test_items_follow_from_the_seed_and_masks_from_the_image(record: ImageRecord, name: str) -> None:
    data = RecipeImages([record], name, size=32, train=True)
    state = torch.random.get_rng_state()
    first, again, other = data[0, 3], data[0, 3], data[0, 4]

    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(first["image"], again["image"])
    assert torch.equal(first["mask"], again["mask"])
    assert not torch.equal(first["image"], other["image"])
    for item in (first, RecipeImages([record], name, size=32, train=False)[0]):
        assert (item["image"].shape, item["image"].dtype) == ((3, 32, 32), torch.uint8)
        assert (item["mask"].shape, item["mask"].dtype) == ((1, 32, 32), torch.uint8)
        assert item["guided"]


def test_evaluation_keeps_the_middle_of_the_shorter_side(record: ImageRecord) -> None:
    item = RecipeImages([record], "bob", size=50, train=False)[0]

    rows, columns = np.nonzero(item["mask"][0].numpy())
    assert (rows.min(), rows.max()) == (15, 34)
    assert (columns.min(), columns.max()) == (15, 34)


def test_indices_must_fit(record: ImageRecord) -> None:
    with pytest.raises(TypeError, match="index, seed"):
        RecipeImages([record], "bob", size=32, train=True)[0]
