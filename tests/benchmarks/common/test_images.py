from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.v2 import functional

from provbench.benchmarks.common.images import ImageDataset, ImageRecord, read_image, read_mask
from provbench.benchmarks.training import collate
from provbench.registry import MissingDataError, UserError


def save(path: Path, pixels: np.ndarray) -> Path:
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def matched(tmp_path: Path) -> ImageRecord:
    """A 72 x 72 image that is white exactly where its mask is."""
    mask = np.random.default_rng(0).random((72, 72)) < 0.4
    white = np.where(mask, 255, 0).astype(np.uint8)
    image = save(tmp_path / "image.png", np.repeat(white[..., None], 3, axis=2))
    return ImageRecord("a", image, 3, save(tmp_path / "mask.png", white), guided=True)


def test_an_item_has_what_the_loop_collates(matched: ImageRecord) -> None:
    item = ImageDataset([matched], size=32, train=False)[0]

    assert item["image"].shape == (3, 32, 32)
    assert item["image"].dtype == item["mask"].dtype == torch.uint8
    assert item["mask"].shape == (1, 32, 32)
    assert set(item["mask"].unique().tolist()) == {0, 1}
    assert (item["label"], item["id"], item["guided"]) == (3, "a", True)
    assert type(item["image"]) is torch.Tensor


def test_without_a_mask_everything_is_the_targets(tmp_path: Path) -> None:
    record = ImageRecord("a", save(tmp_path / "a.png", np.zeros((20, 30, 3), np.uint8)), 0)
    item = ImageDataset([record], size=16, train=True, resize=24)[0, 5]

    assert item["mask"].eq(1).all()
    assert item["mask"].shape == (1, 16, 16)
    assert item["guided"] is False


@pytest.mark.parametrize("seed", range(8))
def test_mask_and_image_move_together(matched: ImageRecord, seed: int) -> None:
    item = ImageDataset([matched], size=64, train=True, resize=72)[0, seed]

    assert torch.equal(item["image"][0] == 255, item["mask"][0] == 1)
    assert 0 < item["mask"].float().mean() < 1


def test_crops_and_flips_are_those_of_the_original(matched: ImageRecord) -> None:
    original = torch.from_numpy(read_mask(matched.path)).to(torch.uint8)
    windows = {
        (top, left, flipped): window.flip(1) if flipped else window
        for top in range(9)
        for left in range(9)
        for window in [original[top : top + 64, left : left + 64]]
        for flipped in (False, True)
    }
    data = ImageDataset([matched], size=64, train=True, resize=72)
    seen = set()
    for seed in range(400):
        mask = data[0, seed]["mask"][0]
        seen.add(next(key for key, window in windows.items() if torch.equal(mask, window)))

    assert {top for top, _, _ in seen} == {left for _, left, _ in seen} == set(range(9))
    assert {flipped for _, _, flipped in seen} == {False, True}


def test_no_crop_and_no_flip_leave_nothing_to_the_seed(matched: ImageRecord) -> None:
    train = ImageDataset([matched], size=48, train=True, hflip=False)
    still = ImageDataset([matched], size=48, train=False)[0]

    assert all(torch.equal(train[0, seed]["image"], still["image"]) for seed in range(10))


def images(data: ImageDataset, seeds: list[int]) -> list[np.ndarray]:
    return [data[0, seed]["image"].numpy() for seed in seeds]


def test_a_seed_gives_the_same_sample_in_any_process_and_leaves_torchs_generator_alone(matched: ImageRecord) -> None:
    data = ImageDataset([matched], size=64, train=True, resize=72)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    here = images(data, [3, 5, 2**62])

    assert torch.equal(torch.get_rng_state(), before)
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        there = pool.submit(images, data, [3, 5, 2**62]).result()
    assert all(np.array_equal(one, other) for one, other in zip(here, there, strict=True))
    assert not np.array_equal(here[0], here[1])


def test_small_sets_are_decoded_once(matched: ImageRecord) -> None:
    options = {"size": 40, "train": True, "resize": 50}
    data, plain = ImageDataset([matched], **options), ImageDataset([matched], **options)
    wanted = [plain[0, seed] for seed in (1, 2)]
    first = data[0, 1]
    matched.path.unlink()

    for item, want in zip([first, data[0, 2]], wanted, strict=True):
        assert torch.equal(item["image"], want["image"])
        assert torch.equal(item["mask"], want["mask"])


def test_a_batch_is_what_its_items_are_together(matched: ImageRecord) -> None:
    records = [matched, replace(matched, id="b", mask_path=None, guided=False, label=1)]
    train = ImageDataset(records, size=64, train=True, resize=72)
    still = ImageDataset(records, size=64, train=False)

    for data, indices in ((train, [(1, 5), (0, 6), (0, 7)]), (still, [1, 0])):
        batch, items = collate(data.__getitems__(indices)), collate([data[index] for index in indices])
        assert batch.keys() == items.keys()
        assert batch["ids"] == items["ids"]
        assert all(torch.equal(batch[name], items[name]) for name in batch if name != "ids")
        assert all(batch[name].dtype == items[name].dtype for name in batch if name != "ids")


@pytest.mark.parametrize("seed", range(6))
def test_a_sample_is_what_torchvision_makes_of_the_same_draws(matched: ImageRecord, seed: int) -> None:
    item = ImageDataset([matched], size=64, train=True, resize=70)[0, seed]
    generator = torch.Generator().manual_seed(seed)
    top, left = torch.randint(7, (2,), generator=generator).tolist()
    pixels = torch.from_numpy(read_image(matched.path).copy()).permute(2, 0, 1)
    expected = functional.crop(functional.resize(pixels, [70, 70], antialias=True), top, left, 64, 64)
    if torch.rand((), generator=generator) < 0.5:
        expected = functional.horizontal_flip(expected)

    assert torch.equal(item["image"], expected)


def test_training_wants_a_seed_and_evaluation_none(matched: ImageRecord) -> None:
    with pytest.raises(TypeError, match=r"data\[index, seed\].*got 0"):
        ImageDataset([matched], size=32, train=True)[0]
    with pytest.raises(TypeError, match=r"data\[index\]"):
        ImageDataset([matched], size=32, train=False)[0, 1]
    with pytest.raises(ValueError, match="resize must be at least size"):
        ImageDataset([matched], size=32, train=True, resize=31)


def test_gray_and_palette_images_become_rgb(tmp_path: Path) -> None:
    gray = Image.fromarray(np.full((4, 6), 77, np.uint8))
    gray.save(tmp_path / "gray.jpg")
    gray.convert("P").save(tmp_path / "palette.png")

    for name in ("gray.jpg", "palette.png"):
        assert read_image(tmp_path / name).shape == (4, 6, 3)
        assert (read_image(tmp_path / name) == 77).all()


def test_unreadable_files_are_named(tmp_path: Path, matched: ImageRecord) -> None:
    whole = matched.path.read_bytes()
    for content in (b"", b"not an image", whole[: len(whole) // 2]):
        broken = tmp_path / "broken.png"
        broken.write_bytes(content)
        with pytest.raises(UserError, match=r"broken\.png: cannot be read as an image"):
            ImageDataset([ImageRecord("b", broken, 0)], size=16, train=False)[0]
    with pytest.raises(MissingDataError, match=r"gone\.png: no such image"):
        ImageDataset([ImageRecord("b", tmp_path / "gone.png", 0)], size=16, train=False)[0]


def test_a_mask_of_another_size_is_refused(tmp_path: Path, matched: ImageRecord) -> None:
    small = save(tmp_path / "small.png", np.zeros((10, 12), np.uint8))
    record = ImageRecord("a", matched.path, 0, small, guided=True)

    with pytest.raises(UserError, match=r"small\.png.*72x72 as in .*image\.png \(got 12x10\)"):
        ImageDataset([record], size=16, train=False)[0]
