"""Methods' tubes together: pages of strips, and films."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from provbench.benchmarks.common.pictures import FOUND, GAP, MARGIN, SPACE, TRUE, line
from provbench.benchmarks.ucf101_24.pictures import BAR, NOW, strip
from provbench.benchmarks.ucf101_24.tubes import Method, film, page, save
from provbench.benchmarks.ucf101_24.video import read_frames
from provbench.registry import UserError

HEADER = len(line("", 1))
TRUTH = [{"frames": np.arange(2, 5), "boxes": np.tile((10.0, 5.0, 30.0, 25.0), (3, 1))}]
METHODS = [
    Method("baseline", []),
    Method("guidance", [{"frames": np.arange(2, 4), "boxes": np.tile((40.0, 8.0, 55.0, 30.0), (2, 1))}], "Biking 0.9"),
]


def grey_frames(count: int = 10, height: int = 40, width: int = 60) -> np.ndarray:
    return np.full((count, height, width, 3), 128, np.uint8)


def is_colour(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (image == np.array(colour)).all(axis=-1)


def test_a_page_has_a_strip_a_method() -> None:
    frames = grey_frames()
    picture = page(frames, TRUTH, METHODS, columns=2, width=60)
    plain, guided = (strip(frames[[2, 7]], [2, 7], 10, TRUTH, method.tubes, width=60) for method in METHODS)

    height, width = plain.shape[:2]
    assert picture.shape == (2 * MARGIN + 2 * (HEADER + SPACE + height) + GAP, 2 * MARGIN + width, 3)
    first, second = MARGIN + HEADER + SPACE, MARGIN + 2 * (HEADER + SPACE) + height + GAP
    np.testing.assert_array_equal(picture[first : first + height, MARGIN:-MARGIN], plain)
    np.testing.assert_array_equal(picture[second : second + height, MARGIN:-MARGIN], guided)
    header = picture[second - SPACE - HEADER : second - SPACE, MARGIN:-MARGIN]
    np.testing.assert_array_equal(header, line("guidance: Biking 0.9", width))
    np.testing.assert_array_equal(picture[MARGIN : MARGIN + HEADER, MARGIN:-MARGIN], line("baseline", width))


def test_a_film_has_a_panel_a_method_and_a_mark_that_moves() -> None:
    moments = film(grey_frames(), TRUTH, METHODS, width=120)
    height = 2 * (HEADER + SPACE) + 80 + SPACE + BAR
    assert moments.shape == (10, height + 2 * MARGIN, 2 * 120 + GAP + 2 * MARGIN, 3)
    content = moments[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
    plain, guided = content[:, :, :120], content[:, :, 120 + GAP :]
    picture = slice(2 * (HEADER + SPACE), 2 * (HEADER + SPACE) + 80)

    for panel in (plain, guided):
        assert is_colour(panel[:, picture], TRUE).any(axis=(1, 2)).tolist() == [2 <= n < 5 for n in range(10)]
        assert [int(np.flatnonzero(is_colour(row, NOW))[0]) for row in panel[:, -1]] == list(range(6, 120, 12))
    assert not is_colour(plain[:, picture], FOUND).any()
    assert is_colour(guided[:, picture], FOUND).any(axis=(1, 2)).tolist() == [2 <= n < 4 for n in range(10)]
    np.testing.assert_array_equal(guided[7, :HEADER], line("guidance", 120))
    np.testing.assert_array_equal(guided[7, HEADER + SPACE : 2 * HEADER + SPACE], line("Biking 0.9", 120))


@pytest.mark.parametrize("suffix", [".png", ".gif", ".mp4"])
def test_files(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "pictures" / f"a{suffix}"
    save(path, grey_frames(), TRUTH, METHODS, columns=4, width=60, rate=10)
    moments = film(grey_frames(), TRUTH, METHODS, width=60)
    if suffix == ".mp4":
        frames = list(read_frames(path))
        assert len(frames) == 10
        assert np.abs(frames[4][: moments.shape[1]].astype(int) - moments[4]).mean() < 10
        return
    with Image.open(path) as image:
        expected = page(grey_frames(), TRUTH, METHODS, columns=4, width=60) if suffix == ".png" else moments[0]
        assert image.size == (expected.shape[1], expected.shape[0])
        if suffix == ".gif":
            assert getattr(image, "n_frames", 1) == 10
            assert image.info["duration"] == 100
        assert np.abs(np.asarray(image.convert("RGB")).astype(int) - expected).mean() < 3


def test_other_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a\.bmp: expected a name that ends in \.png, \.gif, \.mp4 \(got '\.bmp'\)"):
        save(tmp_path / "a.bmp", grey_frames(), [], METHODS)
    assert not list(tmp_path.iterdir())
