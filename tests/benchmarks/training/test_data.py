"""Batches as the model gets them."""

from __future__ import annotations

import multiprocessing

import pytest
import torch
from torchvision.transforms.v2.functional import normalize, to_dtype

from provbench.benchmarks.training.data import Preprocessor, SeededSampler, collate, eval_loader, train_loader, working

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Counted(torch.utils.data.Dataset):  # type: ignore[type-arg]
    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: object) -> dict[str, object]:
        index, seed = index if isinstance(index, tuple) else (index, -1)
        image = torch.full((3, 2, 2), float(seed % 1000))
        return {"image": image, "label": index, "id": f"s{index}", "mask": torch.ones(1, 2, 2), "guided": False}


def test_uint8_images_are_normalised_as_torchvision_does() -> None:
    images = torch.randint(0, 256, (2, 3, 5, 4), dtype=torch.uint8)
    done = Preprocessor(MEAN, STD)({"inputs": images, "labels": torch.tensor([1, 2])})
    expected = normalize(to_dtype(images, torch.float32, scale=True), list(MEAN), list(STD))
    torch.testing.assert_close(done["inputs"], expected)


def test_float_inputs_are_taken_as_they_are() -> None:
    clouds = torch.randn(2, 5, 7)
    assert Preprocessor((0.0,) * 3, (1.0,) * 3)({"inputs": clouds})["inputs"] is clouds


def test_every_sample_comes_once_an_epoch_and_in_order_in_evaluation() -> None:
    train = [label for batch in train_loader(Counted(10), 4, seed=0, workers=0) for label in batch["labels"].tolist()]
    assert sorted(train) == list(range(10))
    assert train != list(range(10))
    evaluated = [name for batch in eval_loader(Counted(10), 4, workers=0) for name in batch["ids"]]
    assert evaluated == [f"s{index}" for index in range(10)]


def test_processes_that_load_data_change_nothing() -> None:
    alone, helped = (
        [batch["inputs"].sum().item() for batch in train_loader(Counted(10), 4, seed=0, workers=workers)]
        for workers in (0, 2)
    )
    assert alone == helped


def test_processes_that_load_data_end_with_the_work() -> None:
    before = set(multiprocessing.active_children())

    def work() -> None:
        loader = train_loader(Counted(10), 4, seed=0, workers=2)
        with working(loader, None):
            next(iter(loader))
            assert len(set(multiprocessing.active_children()) - before) == 2
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert set(multiprocessing.active_children()) <= before


def test_collation() -> None:
    batch = collate([Counted(3)[2], Counted(3)[0]])
    assert batch["labels"].tolist() == [2, 0]
    assert batch["ids"] == ["s2", "s0"]
    assert batch["masks"].shape == (2, 1, 2, 2)


def test_the_order_of_samples_follows_from_seed_and_epoch_alone() -> None:
    data = range(20)
    one, two, other = SeededSampler(data, 3), SeededSampler(data, 3), SeededSampler(data, 4)
    assert list(one) == list(two)
    assert list(one) != list(other)
    one.set_epoch(1)
    assert [index for index, _ in one] != [index for index, _ in two]
    assert sorted(index for index, _ in one) == list(data)
    assert dict(one) != dict(two), "a sample is transformed differently in each epoch"
