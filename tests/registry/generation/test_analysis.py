"""What a synthetic set is like: information, distances, copies, masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from provbench.registry import PROMPTS, MissingDataError, UserError
from provbench.registry.base import write_image, write_mask
from provbench.registry.generation import Bank, analyse, extractor, information
from provbench.registry.generation.captions import write_captions
from provbench.registry.generation.information import mutual_information
from provbench.registry.generation.likeness import (
    diversity,
    frechet_distance,
    kernel_distance,
    nearest,
    nearest_other,
    thumbnails,
)
from provbench.registry.synthesizers import Header, SyntheticImage, read_manifest, write_manifest


def test_information_of_known_tables() -> None:
    assert mutual_information([0, 0, 1, 1], ["a", "a", "b", "b"]) == pytest.approx(1)
    assert mutual_information([0, 0, 1, 1], ["a", "b", "a", "b"]) == pytest.approx(0)
    # p(x, y) = 3/8, 1/8, 1/8, 3/8: 2 * 3/8 log2(3/2) + 2 * 1/8 log2(1/2)
    x, y = [0] * 4 + [1] * 4, [0, 0, 0, 1, 1, 1, 1, 0]
    assert mutual_information(x, y) == pytest.approx(0.75 * np.log2(1.5) - 0.25)


def test_the_p_value_of_independent_variables_is_uniform() -> None:
    rng = np.random.default_rng(0)
    found = [
        information(rng.integers(0, 5, 40).tolist(), rng.integers(0, 20, 40).tolist(), permutations=99).p
        for _ in range(200)
    ]
    assert 0.4 < np.mean(found) < 0.6
    assert 0.01 <= np.mean(np.array(found) <= 0.05) < 0.1


def test_a_bank_s_prompts_carry_no_information_about_the_class_and_those_of_the_same_class_do() -> None:
    """Backgrounds are tied to classes in training; what is drawn from the whole bank is not."""
    labels = [label for label in range(6) for _ in range(10)]
    captions = [
        {"background": f"place {label // 2}", "pose": f"pose {index % 5}"} for index, label in enumerate(labels)
    ]
    bank = Bank(captions, labels, ("background", "pose"))
    assert information(labels, [caption["background"] for caption in captions]).p < 0.01

    def drawn(name: str, **params: Any) -> Any:
        policy = PROMPTS.build(name, **params)
        rows = [(label, policy.word(bank, label, copy, None, 0).texts) for label in range(6) for copy in range(60)]
        return information([label for label, _ in rows], [texts["background"] for _, texts in rows])

    assert drawn("same-class").p < 0.01
    assert drawn("same-class").bits == pytest.approx(np.log2(3), abs=0.01)
    assert drawn("bank").p > 0.05
    assert drawn("bank").excess == pytest.approx(0, abs=0.03)
    assert drawn("bank", draw="independent").p > 0.05
    assert drawn("bank", reseed=True).bits == pytest.approx(0, abs=1e-9)


def test_the_fréchet_distance_of_known_sets() -> None:
    one = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-12)
    assert frechet_distance(one, one + np.array([3, 4])) == pytest.approx(25)
    # standard deviations s and 2s in both directions: 2 (2s - s)² = 2 s², s² = 4/3
    assert frechet_distance(one, 2 * one - 1) == pytest.approx(2 * 4 / 3)
    assert np.isnan(frechet_distance(one[:1], one))


def test_distances_are_those_of_torchmetrics() -> None:
    import torch
    from torchmetrics.image.fid import _compute_fid  # pyright: ignore[reportPrivateUsage]
    from torchmetrics.image.kid import poly_mmd

    rng = np.random.default_rng(0)
    one, other = rng.normal(0, 1, (40, 5)), rng.normal(0.5, 2, (40, 5))
    parts = [torch.from_numpy(part) for part in (one, other)]
    means = [part.mean(0) for part in parts]
    covariances = [part.T.cov() for part in parts]
    theirs = float(_compute_fid(means[0], covariances[0], means[1], covariances[1]))
    assert frechet_distance(one, other) == pytest.approx(theirs, rel=1e-6)
    assert kernel_distance(one, other) == pytest.approx(float(poly_mmd(parts[0], parts[1])), rel=1e-9)
    few = rng.normal(0, 1, (3, 50))
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-9)


def test_diversity_and_neighbours() -> None:
    points = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 4.0]])
    assert diversity(points) == pytest.approx((5 + 4 + 3) / 3)
    assert np.isnan(diversity(points[:1]))
    distances, places = nearest(np.array([[1.0, 4.0]]), points)
    assert (distances.tolist(), places.tolist()) == ([1.0], [2])
    assert nearest_other(points).tolist() == [4.0, 3.0, 3.0]


def test_features_are_chosen_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = [np.zeros((9, 7, 3), np.uint8), np.full((20, 20, 3), 255, np.uint8)]
    assert thumbnails(images).shape == (2, 192)
    assert thumbnails(images).mean(axis=1).tolist() == [0, 1]
    features = extractor("tiny-cam", None, 16, tmp_path)
    assert features(images).ndim == 2
    assert np.array_equal(features(images), extractor("tiny-cam", None, 16, tmp_path)(images))
    with pytest.raises(UserError, match="neither pixels, inception nor a registered model"):
        extractor("pixel", None, 16, tmp_path)
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    with pytest.raises(MissingDataError, match="no weights of Inception v3"):
        extractor("inception", None, 16, tmp_path)


@pytest.fixture
def folder(drawn: Any, tmp_path: Path) -> Path:
    """A set of two copies, an edit with a mask like its source's outline, and an image of nothing known."""
    own = tmp_path / "set"
    for name in ("images", "masks"):
        (own / name).mkdir(parents=True)
    images = [drawn.image(0), drawn.image(1), np.full((16, 20, 3), 255, np.uint8), np.zeros((16, 20, 3), np.uint8)]
    rows = []
    for place, image in enumerate(images):
        write_image(own / f"images/{place}.jpg", image)
        edited = place == 2
        rows.append(
            SyntheticImage(
                file=f"images/{place}.jpg",
                source=drawn.sample_id(2) if edited else None,
                label=place // 2,
                change="x",
                seed=0,
                mask="masks/2.png" if edited else None,
                contexts={"background": drawn.sample_id(place), "pose": drawn.sample_id(place)},
                agreement=0.5 if edited else None,
            )
        )
    write_mask(own / "masks/2.png", drawn.segmentation(2))
    write_captions(own / "captions.tsv", [drawn.sample_id(i) for i in range(4)], [drawn.context(i) for i in range(4)])
    write_manifest(own, Header(synthesizer="toy", version="1", params={}, images=4), rows)
    return own


def test_a_set_is_analysed_class_by_class(drawn: Any, folder: Path) -> None:
    found = analyse(read_manifest(folder), drawn, thumbnails, permutations=99)
    first, second = found.classes
    assert (first.name, first.real, first.synthetic) == ("red gull", 2, 2)
    assert first.fid < 0.1 < second.fid
    assert first.copies == 1
    assert second.copies == 0
    assert np.isnan(first.mask)
    assert second.mask == pytest.approx(64 / 320)
    assert found.nearest[:2] == ("class 0/0.png", "class 0/1.png")
    assert found.agreement == 0.5
    assert found.truth == pytest.approx(1)
    assert set(found.bank) == set(found.prompts) == {"background", "pose", "all"}
    assert found.bank["background"].bits == pytest.approx(1)
