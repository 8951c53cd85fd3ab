"""Pictures of localisation: boxes where they belong, and the box that the metric looks at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from provbench.benchmarks.common.inspection import predictions
from provbench.benchmarks.common.pictures import FOUND, TRUE
from provbench.benchmarks.cub_wsol import mini
from provbench.benchmarks.cub_wsol.metrics import SIDE, normalize_scoremap
from provbench.benchmarks.cub_wsol.pictures import (
    box_threshold,
    covered,
    gradient_panel,
    predicted_box,
    score_panel,
    species,
)
from provbench.benchmarks.cub_wsol.task import CubWsol
from provbench.registry.task import no_progress

SMALL = mini.MiniSet(species=3, train=3, val=3, test=24)
edges = st.tuples(st.integers(0, SIDE - 1), st.integers(0, SIDE - 1)).map(sorted)


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CubWsol:
    torch.set_num_threads(1)
    monkeypatch.setattr(mini, "MINI", SMALL)
    mini.write(tmp_path / "cub-wsol-mini", no_progress, SMALL)
    return CubWsol(CubWsol.resolve_params({}, "mini", "task"), variant="mini", data_root=tmp_path)


def where(panel: np.ndarray, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """x0 y0 x1 y1 of the pixels of a colour, all inclusive."""
    rows, columns = np.nonzero((panel == np.array(colour)).all(axis=-1))
    return columns.min(), rows.min(), columns.max(), rows.max()


def test_the_drawn_box_is_that_of_max_box_acc(task: CubWsol) -> None:
    torch.manual_seed(3)
    data: Any = task.eval_data("test")
    every = range(len(data))
    rows = predictions(task, task.build_model(), data, every)
    threshold = box_threshold(task, every, rows)
    ids = [record.id for record in data.records]
    hits = [
        predicted_box(normalize_scoremap(row["scoremap"]), threshold, task.true_boxes("test", name))[1] >= 0.5
        for name, row in zip(ids, rows, strict=True)
    ]
    scores = task.score("test", ids, rows)

    assert 0 < scores.metrics["MaxBoxAcc"] < 100
    np.testing.assert_array_equal(hits, scores.samples["MaxBoxAcc"])


def test_a_predicted_box_is_around_the_map() -> None:
    scoremap = np.zeros((SIDE, SIDE), np.float32)
    scoremap[20:60, 100:180] = 0.8
    scoremap[150:160, 10:20] = 1
    truth = np.array([[0, 0, 9, 9], [100, 20, 180, 60]])

    for threshold, expected, iou in ((0.5, [100, 20, 180, 60], 1.0), (0.9, [10, 150, 20, 160], 0.0)):
        box, fit = predicted_box(scoremap, threshold, truth)
        assert box.tolist() == expected
        assert fit == iou


@pytest.mark.parametrize("side", [112, SIDE, 448])
def test_boxes_are_drawn_in_any_size(side: int) -> None:
    image = np.full((50, 90, 3), 130, np.uint8)
    scale = side / SIDE
    panel = score_panel(
        image, np.zeros((SIDE, SIDE)), np.array([[20, 40, 99, 139]]), np.array([120, 60, 219, 223]), side
    )

    assert panel.shape == (side, side, 3)
    for colour, box in ((TRUE, (20, 40, 99, 139)), (FOUND, (120, 60, 219, 223))):
        expected = (box[0] * scale, box[1] * scale, (box[2] + 1) * scale - 1, (box[3] + 1) * scale - 1)
        assert where(panel, colour) == expected


def test_the_gradients_panel_has_the_true_box() -> None:
    panel = gradient_panel(np.eye(64), np.array([[0, 0, 111, 55]]), SIDE)

    assert where(panel, TRUE) == (0, 0, 111, 55)
    assert panel[150, 150].sum() > 300  # on the diagonal
    assert panel[150, 30].sum() < 20


@given(edges, edges, st.integers(1, 300), st.integers(1, 300))
def test_what_a_box_covers_is_its_area_on_any_grid(x: list[int], y: list[int], height: int, width: int) -> None:
    region = covered(np.array([[x[0], y[0], x[1], y[1]]]), height, width)

    assert region.shape == (height, width)
    assert region.min() >= 0
    assert region.max() <= 1
    assert region.mean() == pytest.approx((x[1] - x[0] + 1) * (y[1] - y[0] + 1) / SIDE**2)


def test_pixels_in_two_boxes_count_once() -> None:
    boxes = np.array([[0, 0, 111, 223], [56, 0, 167, 223]])

    assert covered(boxes, 1, 4).tolist() == [[1, 1, 1, 0]]
    assert covered(boxes, 1, 2).tolist() == [[1, 0.5]]


@pytest.mark.parametrize(
    ("sample", "name"),
    [("004.Groove_billed_Ani/a.jpg", "Groove_billed_Ani"), ("Ani/a.jpg", "Ani")],
)
def test_species_are_named_without_their_number(sample: str, name: str) -> None:
    assert species(sample) == name
