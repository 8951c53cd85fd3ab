"""What every task's pictures have in common."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from provbench.benchmarks.cub_wsol import mini as cub_mini
from provbench.benchmarks.cub_wsol.task import CubWsol
from provbench.benchmarks.ucf101_24 import mini as ucf_mini
from provbench.benchmarks.ucf101_24.task import Ucf10124
from provbench.benchmarks.waterbirds import mini as waterbirds_mini
from provbench.benchmarks.waterbirds.task import Waterbirds
from provbench.registry import Task
from provbench.registry.task import no_progress

BIRDS = cub_mini.MiniSet(species=3, train=3, val=3, test=9)
VIDEOS = ucf_mini.MiniSet(train=12, val=12, test=12)


@pytest.fixture(scope="module")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("data")
    cub_mini.write(root / "cub-wsol-mini", no_progress, BIRDS)
    waterbirds_mini.write(root / "waterbirds-mini", no_progress, waterbirds_mini.MiniSet(train=12, val=12, test=12))
    (root / "ucf101-24-mini").mkdir()
    ucf_mini.write(root / "ucf101-24-mini", no_progress, VIDEOS)
    return root


@pytest.fixture(params=[CubWsol, Waterbirds, Ucf10124])
def task(request: pytest.FixtureRequest, data_root: Path, monkeypatch: pytest.MonkeyPatch) -> Task:
    monkeypatch.setattr(cub_mini, "MINI", BIRDS)
    cls: Any = request.param
    return cls(cls.resolve_params({}, "mini", "task"), variant="mini", data_root=data_root)


def model(task: Task, seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    return task.build_model()


def test_pictures_are_of_the_size_of_a_page(task: Task) -> None:
    pictures = task.pictures(model(task), 3)

    assert len(pictures) == 3
    for name, picture in pictures.items():
        assert re.fullmatch(r"[A-Za-z0-9_-]+", name)
        assert picture.dtype == np.uint8
        assert picture.ndim == picture.shape[2] == 3
        assert 100 < picture.shape[0] < 500
        assert 500 < picture.shape[1] <= 900
        assert (picture[[0, -1]] == 255).all()
        assert (picture[:, [0, -1]] == 255).all()


def test_names_carry_the_ids_of_test_samples(task: Task) -> None:
    data: Any = task.eval_data("test")
    ids = {re.sub(r"\W", "", data[place]["id"].removesuffix(".jpg")) for place in range(len(data))}

    assert {re.sub(r"\W", "", name) for name in task.pictures(model(task), 4)} <= ids
    assert {re.sub(r"\W", "", name) for name in task.pictures(model(task), 100)} == ids
    assert len(ids) == len(data)


def test_every_model_is_shown_the_same_samples(task: Task) -> None:
    one, other = task.pictures(model(task), 4), task.pictures(model(task, seed=1), 4)

    assert list(one) == list(other)
    assert any(not np.array_equal(one[name], other[name]) for name in one)


def test_pictures_repeat_and_leave_the_model_as_it_was(task: Task) -> None:
    net = model(task).train()
    state = {name: value.clone() for name, value in net.state_dict().items()}
    with torch.no_grad():
        one = task.pictures(net, 2)
    other = task.pictures(net, 2)

    assert list(one) == list(other)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])
    assert all(module.training for module in net.modules())
    assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in net.parameters())


def test_none_are_drawn_where_none_are_wanted(task: Task) -> None:
    assert task.pictures(model(task), 0) == {}
