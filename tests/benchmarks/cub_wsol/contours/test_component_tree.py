import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from provbench.benchmarks.cub_wsol.contours import component_tree
from provbench.benchmarks.cub_wsol.metrics import box_iou, localize, normalize_scoremap

# The reference is the straightforward loop: OpenCV's contours at each threshold, one after the other.


def loop(scoremap: np.ndarray, truth: np.ndarray, thresholds: int) -> np.ndarray:
    """(2, T): the best IoU of the boxes of all contours, and that of the largest contour's, at each threshold."""
    image = (scoremap * 255).astype(np.uint8)
    fits = [loop_at(image, int(tau * image.max()), truth) for tau in np.arange(0, 1, 1 / thresholds)]
    return np.array(fits).T


def loop_at(image: np.ndarray, level: int, truth: np.ndarray) -> tuple[float, float]:
    contours, _ = cv2.findContours((image > level).astype(np.uint8), cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    rectangles = [cv2.boundingRect(contour) for contour in contours]
    height, width = image.shape
    boxes = [(x, y, min(x + w, width - 1), min(y + h, height - 1)) for x, y, w, h in rectangles]
    fits = box_iou(boxes or [(0, 0, 0, 0)], truth).max(axis=1)
    largest = int(np.argmax([cv2.contourArea(contour) for contour in contours])) if contours else 0
    return fits.max(), fits[largest]


def tree(scoremap: np.ndarray, truth: np.ndarray, thresholds: int, threads: int = 1) -> np.ndarray:
    found = localize([scoremap], [truth], thresholds=thresholds, threads=threads)
    return np.concatenate([found.ious["all"], found.ious["largest"]])


Size = tuple[int, int]
Family = Callable[[np.random.Generator, Size], Any]
FAMILIES: dict[str, Family] = {}


def family(function: Family) -> Family:
    FAMILIES[function.__name__] = function
    return function


@family
def noise(rng: np.random.Generator, size: Size) -> Any:
    return rng.integers(0, 256, size)


@family
def few_levels(rng: np.random.Generator, size: Size) -> Any:
    return rng.integers(0, 4, size) * rng.integers(1, 86)


@family
def binary(rng: np.random.Generator, size: Size) -> Any:
    return 255 * (rng.random(size) < rng.random())


@family
def checkerboard(rng: np.random.Generator, size: Size) -> Any:
    rows, columns = np.indices(size)
    tile = rng.integers(1, 4, 2)
    return (rows // tile[0] + columns // tile[1]) % 2 * rng.integers(100, 254) + rng.integers(0, 2, size)


@family
def rings(rng: np.random.Generator, size: Size) -> Any:
    rows, columns = np.indices(size)
    far = np.hypot(rows - rng.random() * size[0], columns - rng.random() * size[1])
    return 127 + 127 * np.sin(far * (0.3 + 2 * rng.random()))


@family
def diamonds(rng: np.random.Generator, size: Size) -> Any:
    """Rings that hang together across corners: the contour of a hole is as large as the one around it."""
    rows, columns = np.indices(size)
    far = abs(rows - size[0] // 2) + abs(columns - size[1] // 2)
    return np.where(far % rng.integers(2, 6) == 0, rng.integers(1, 255), 30 * (rng.random(size) < 0.05))


@family
def plateaus(rng: np.random.Generator, size: Size) -> Any:
    image = np.zeros(size)
    for _ in range(rng.integers(1, 9)):
        (top, left), (height, width) = rng.integers(0, size), rng.integers(1, np.add(size, 1))
        image[top : top + height, left : left + width] = rng.integers(0, 256)
    return image


@family
def constant(rng: np.random.Generator, size: Size) -> Any:
    return np.full(size, rng.integers(0, 256))


@family
def spiral(rng: np.random.Generator, size: Size) -> Any:
    rows, columns = np.indices(size)
    down, right = rows - size[0] / 2, columns - size[1] / 2
    turns = np.hypot(down, right) / rng.uniform(2, 6) + np.arctan2(down, right) / (2 * np.pi)
    return (turns % 1 < 0.5) * (255 - np.minimum(rng.integers(0, 12) * turns, 250))


@family
def lines(rng: np.random.Generator, size: Size) -> Any:
    image = np.zeros(size, np.uint8)
    for _ in range(rng.integers(1, 8)):
        start, end = ((int(rng.integers(size[1])), int(rng.integers(size[0]))) for _ in range(2))
        cv2.line(image, start, end, int(rng.integers(1, 256)))
    return image


@family
def smooth(rng: np.random.Generator, size: Size) -> Any:
    grid = rng.normal(size=tuple(rng.integers(2, 15, 2))).astype(np.float32)
    image = cv2.resize(grid, size[::-1], interpolation=cv2.INTER_CUBIC)
    return 255 * (image - image.min()) / max(np.ptp(image), 1e-9)


def boxes_in(rng: np.random.Generator, size: Size) -> np.ndarray:
    """(n, 4): one to three boxes inside of an image."""
    count = rng.integers(1, 4)
    rows, columns = (np.sort(rng.integers(0, side, (count, 2)), axis=1) for side in size)
    return np.stack([columns[:, 0], rows[:, 0], columns[:, 1], rows[:, 1]], axis=1)


def check(name: str, seed: int, most: int = 40) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, most + 1)), int(rng.integers(1, most + 1))
    scoremap = np.asarray(FAMILIES[name](rng, size)).astype(np.uint8) / 255
    truth, thresholds = boxes_in(rng, size), int(rng.choice([10, 49, 100, 1000]))
    expected = loop(scoremap, truth, thresholds)
    assert np.array_equal(tree(scoremap, truth, thresholds), expected), f"{name}, seed {seed}"


@pytest.mark.parametrize("name", FAMILIES)
def test_it_equals_the_loop_over_thresholds(name: str) -> None:
    for seed in range(12):
        check(name, seed, most=20)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_it_equals_the_loop_over_thresholds_on_many_maps(name: str) -> None:
    for seed in range(100, 600):
        check(name, seed)


@pytest.mark.slow
@pytest.mark.parametrize("grid", [7, 14, 28, 56])
def test_it_equals_the_loop_on_maps_of_the_size_of_the_metric(grid: int) -> None:
    rng = np.random.default_rng(grid)
    for _ in range(25):
        scoremap, truth = normalize_scoremap(rng.random((grid, grid))), boxes_in(rng, (224, 224))
        assert np.array_equal(tree(scoremap, truth, 1000), loop(scoremap, truth, 1000))


@pytest.mark.slow
def test_it_equals_the_loop_on_noise_of_the_size_of_the_metric() -> None:
    rng = np.random.default_rng(0)
    scoremap, truth = rng.random((224, 224)), boxes_in(rng, (224, 224))
    assert np.array_equal(tree(scoremap, truth, 20), loop(scoremap, truth, 20))


def test_a_map_of_the_size_of_the_metric() -> None:
    rng = np.random.default_rng(3)
    scoremap, truth = normalize_scoremap(rng.random((14, 14))), boxes_in(rng, (224, 224))
    assert np.array_equal(tree(scoremap, truth, 100), loop(scoremap, truth, 100))


def test_a_component_inside_a_hole_has_a_box_of_its_own() -> None:
    scoremap = np.zeros((30, 30))
    scoremap[2:28, 2:28] = 1
    scoremap[5:25, 5:25] = 0
    scoremap[10:20, 12:18] = 0.5
    found = localize([scoremap], [np.array([[12, 10, 18, 20]])], thresholds=10)

    assert found.ious["all"][0].tolist() == [1] * 5 + [found.ious["all"][0, 5]] * 5
    assert found.ious["all"][0, 5] < 0.2
    assert found.ious["largest"].max() < 0.2


def test_of_contours_of_equal_area_the_last_begun_counts() -> None:
    scoremap = np.zeros((12, 12))
    scoremap[1:4, 1:4] = scoremap[1:4, 7:10] = 1
    for truth, iou in (([7, 1, 10, 4], 1), ([1, 1, 4, 4], 0)):
        found = localize([scoremap], [np.array([truth])], thresholds=4)
        assert found.ious["largest"].tolist() == [[iou] * 4]


@pytest.mark.parametrize("value", [0.0, 0.003, 1.0])
def test_maps_of_one_pixel(value: float) -> None:
    scoremap, truth = np.array([[value]]), np.array([[0, 0, 0, 0], [0, 0, 2, 2]])
    assert np.array_equal(tree(scoremap, truth, 7), loop(scoremap, truth, 7))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_maps_of_any_float_and_memory_order(dtype: type) -> None:
    rng = np.random.default_rng(1)
    scoremap, truth = rng.random((9, 17)).astype(dtype), boxes_in(rng, (9, 17))
    expected = loop(scoremap, truth, 30)

    for view in (scoremap, np.asfortranarray(scoremap), np.repeat(scoremap, 2, axis=1)[:, ::2]):
        assert np.array_equal(tree(view, np.asfortranarray(truth), 30), expected)


def test_threads_change_nothing() -> None:
    rng = np.random.default_rng(2)
    maps = [rng.random((8, 8)) for _ in range(300)]
    truth = [boxes_in(rng, (8, 8)) for _ in maps]
    one, three = (localize(iter(maps), truth, thresholds=20, threads=threads) for threads in (1, 3))

    for contours in ("all", "largest"):
        assert np.array_equal(one.ious[contours], three.ious[contours])
    with pytest.raises(ValueError, match="score map 299 must lie in"):
        localize([*maps[:-1], maps[-1] + 1], truth, threads=3)
    with pytest.raises(ValueError, match=r"as many score maps as sets of boxes, 300, .*\(got 299\)"):
        localize(maps[:-1], truth, threads=3)


def test_without_a_folder_for_the_cache_it_is_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = component_tree.numba.njit

    def no_cache(*arguments: Any, cache: bool = False, **options: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function 'best_fits': no locator available")
        return compiler(*arguments, **options)

    monkeypatch.setattr(component_tree.numba, "njit", no_cache)
    assert callable(component_tree._compiled("").py_func)


def test_the_cache_notices_changes_of_every_compiled_file() -> None:
    (cell,) = component_tree.best_fits.py_func.__closure__  # numba's key of the cache has its value
    files = Path(component_tree.__file__).parent.glob("*.py")

    assert all(file.read_text("utf-8") in cell.cell_contents for file in files)


def test_numba_is_imported_by_evaluation_only() -> None:
    code = "import sys, provbench.benchmarks.cub_wsol.metrics; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
