"""Pictures of what methods train on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from provbench.benchmarks.common.provenance import PANEL, mixed_batch, shown, tinted, training_pictures
from provbench.registry import AUGMENTATIONS, TASKS, Task, load_plugins
from provbench.registry.base.image_files import write_image, write_mask
from provbench.registry.synthesizers.manifest import Header, SyntheticImage, write_manifest

TOY = str(Path(__file__).parents[2] / "plugins" / "toy.py")
WHITE = np.full((8, 8, 3), 255, np.uint8)


@pytest.fixture
def task(tmp_path: Path) -> Task:
    load_plugins((TOY,))
    cls = TASKS.get("toy")
    return cls(cls.Params(model="toy"), variant="mini", data_root=tmp_path)


@pytest.mark.parametrize("name", ["attentivemix", "cutmix", "fmix", "mixup", "puzzlemix", "resizemix", "saliencymix"])
def test_a_mixed_batch_is_drawn_with_its_sources(task: Task, name: str) -> None:
    found = training_pictures(task, AUGMENTATIONS.build(name), None, task.build_model(), count=3)
    (picture,) = found.values()
    assert set(found) == {f"provenance-{name}"}
    assert picture.dtype == np.uint8
    assert picture.shape[1] > 4 * PANEL, "mixed, provenance, and two sources"
    assert 3 * PANEL < picture.shape[0] < 4 * PANEL


def test_a_method_that_seldom_mixes_is_drawn_mixed(task: Task) -> None:
    batch = mixed_batch(task, AUGMENTATIONS.build("cutmix", prob=0.2), None, task.build_model())
    assert len(batch.sources) == 2
    assert batch.guided.any()


def test_drawing_needs_no_luck_of_the_global_generator(task: Task) -> None:
    net, cutmix = task.build_model(), AUGMENTATIONS.build("cutmix")
    one = training_pictures(task, cutmix, None, net, 2)["provenance-cutmix"]
    torch.rand(7)
    assert (training_pictures(task, cutmix, None, net, 2)["provenance-cutmix"] == one).all()


def test_a_method_without_synthesis_has_none(task: Task) -> None:
    assert training_pictures(task, None, None, task.build_model(), 3) == {}


def test_regions_have_the_colours_of_their_sources() -> None:
    left = np.zeros((8, 8), bool)
    left[:, :4] = True
    panel = tinted(WHITE, [left, ~left])
    middle = PANEL // 2
    assert panel[middle, 5, 2] > panel[middle, 5, 0], "blue"
    assert panel[middle, -5, 0] > panel[middle, -5, 2], "orange"
    black = np.zeros((8, 8, 3), np.uint8)
    kept = shown(black, left)
    assert kept[middle, 5].max() == 0
    assert kept[middle, -5].min() > 200


def test_synthetic_images_stand_beside_their_sources(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Images:
        num_classes = 2

        def __len__(self) -> int:
            return 2

        def sample_id(self, index: int) -> str:
            return f"bird/{index}.jpg"

        def image(self, index: int) -> np.ndarray:
            return WHITE

    monkeypatch.setattr(type(task), "training_set", lambda self: Images())
    folder = tmp_path / "set"
    folder.mkdir()
    for number in range(2):
        write_image(folder / f"{number}.png", WHITE)
    write_mask(folder / "0-mask.png", np.eye(8, dtype=bool))
    rows = [
        SyntheticImage(file="0.png", source="bird/1.jpg", label=1, change="c", seed=0, mask="0-mask.png"),
        SyntheticImage(file="1.png", source="unknown", label=0, change="", seed=0, mask=None),
    ]
    write_manifest(folder, Header(synthesizer="edits", version="1", params={}, images=2), rows)
    (picture,) = training_pictures(task, None, folder, task.build_model(), 6).values()
    assert 2 * PANEL < picture.shape[0] < 3 * PANEL
    assert 3 * PANEL < picture.shape[1] < 4 * PANEL
