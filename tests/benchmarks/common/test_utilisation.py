"""Synthetic images beside the real ones, and in their place."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch.utils.data import Dataset

from provbench.benchmarks.common.records import ImageRecord
from provbench.benchmarks.common.utilisation import ReplacedImages
from provbench.benchmarks.waterbirds.task import Waterbirds
from provbench.registry.base import write_image
from provbench.registry.synthesizers.manifest import Header, SyntheticImage, write_manifest

REAL = [ImageRecord(f"r{place}", Path("x"), label) for place, label in enumerate([0, 0, 0, 1])]
MADE = [
    ImageRecord("s0", Path("x"), 0, synthetic=True, source="r0"),
    ImageRecord("s1", Path("x"), 0, synthetic=True, source="r0"),
    ImageRecord("s2", Path("x"), 1, synthetic=True, source="r1"),
    ImageRecord("s3", Path("x"), 2, synthetic=True, source=None),
]
DRAWS = 2000


class Names(Dataset[Any]):
    """The ids of records."""

    def __getitem__(self, index: tuple[int, int]) -> str:
        return [*REAL, *MADE][index[0]].id


def drawn(how: str, position: int, prob: float = 1.0) -> Counter[str]:
    images = ReplacedImages(Names(), REAL, MADE, how, prob)
    assert len(images) == len(REAL)
    return Counter(str(images[position, seed]) for seed in range(DRAWS))


def test_local_replaces_by_what_was_made_of_the_image_itself() -> None:
    assert set(drawn("replace-local", 0)) == {"s0", "s1"}
    assert set(drawn("replace-local", 1)) == {"s2"}
    assert set(drawn("replace-local", 3)) == {"r3"}


def test_class_and_global_replace_by_any_of_these() -> None:
    assert set(drawn("replace-class", 2)) == {"s0", "s1"}
    assert set(drawn("replace-class", 3)) == {"s2"}
    found = drawn("replace-global", 3)
    assert set(found) == {"s0", "s1", "s2", "s3"}
    assert all(abs(count / DRAWS - 0.25) < 0.05 for count in found.values())


def test_balanced_draws_classes_in_inverse_proportion_to_their_real_images() -> None:
    found = drawn("replace-balanced", 0)
    shares = np.array([found["s0"] + found["s1"], found["s2"], found["s3"]]) / DRAWS
    weights = np.array([1 / 4, 1 / 2, 1])

    np.testing.assert_allclose(shares, weights / weights.sum(), atol=0.05)


def test_the_probability_holds_and_draws_follow_the_seed() -> None:
    found = drawn("replace-global", 1, prob=0.3)

    assert abs(found["r1"] / DRAWS - 0.7) < 0.05
    assert drawn("replace-global", 1, prob=0.3) == found
    assert drawn("replace-global", 1, prob=0.0) == Counter({"r1": DRAWS})


@pytest.fixture
def task_of(tmp_path: Path) -> Any:
    """Waterbirds on eight images, and a synthetic set of two labels, made of the first of them."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "waterbirds" / "waterbird_complete95_forest2water2"
    folder.mkdir(parents=True)
    rows = ["img_filename,y,split,place"]
    for number in range(8):
        split, label = min(number // 3, 2), number % 2
        rows.append(f"{number}.png,{label},{split},{label}")
        write_image(folder / f"{number}.png", rng.integers(0, 256, (20, 20, 3), dtype=np.uint8))
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n")
    made = tmp_path / "made"
    (made / "images").mkdir(parents=True)
    write_image(made / "images" / "0.png", rng.integers(0, 256, (20, 20, 3), dtype=np.uint8))
    header = Header(synthesizer="x", version="1", params={}, images=1)
    row = SyntheticImage(
        file="images/0.png", source="0.png", label=1, change="", seed=0, mask=None, labels=((1, 0.75), (0, 0.25))
    )
    write_manifest(made, header, [row])

    def build(**values: Any) -> Any:
        params = Waterbirds.resolve_params(
            {"protocol": "original", "image_size": 16, "model": "tiny-cnn", "weights": None, **values}, "full", "s"
        )
        return Waterbirds(params, variant="full", data_root=tmp_path).train_data(made)

    return build


def test_the_training_set_has_repeats_replacements_and_labels_of_mixes(task_of: Any) -> None:
    beside, alone, replaced = (
        task_of(real_repeats=2),
        task_of(utilisation="replace-all"),
        task_of(utilisation="replace-local", replace_prob=1.0),
    )

    assert [beside[place, 0]["id"] for place in range(len(beside))] == [
        *["0.png", "1.png", "2.png"] * 2, "synthetic/images/0.png"
    ]  # fmt: skip
    assert beside[6, 0]["synthetic"]
    assert beside[6, 0]["shares"] == ((1, 0.75), (0, 0.25))
    assert "synthetic" not in beside[0, 0]
    assert [alone[place, 0]["id"] for place in range(len(alone))] == ["synthetic/images/0.png"]
    assert [replaced[place, 5]["id"] for place in range(len(replaced))] == ["synthetic/images/0.png", "1.png", "2.png"]


def test_defaults_are_no_part_of_a_runs_identity() -> None:
    from provbench.registry import implied

    names = implied(Waterbirds.resolve_params({}, "full", "s"))

    assert {
        "utilisation",
        "replace_prob",
        "real_repeats",
        "transforms",
        "real_weight",
        "label_smoothing",
        "min_lr",
    } <= {*names}
