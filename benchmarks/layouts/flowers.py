"""The Oxford 102 flowers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from provbench.registry.base import UserError

from ..common import ImageRecord
from .layout import Layout, Part, Picture, no_duplicates, write_picture
from .matlab import read_array

FOLDER = "flowers-102"
LABELS, SPLITS = "imagelabels.mat", "setid.mat"
NAMES = "classes.txt"
"""A line with the name of each class: an addition to the official files, which have no names; optional."""


class Flowers(Layout):
    """The folder `flowers-102` as torchvision's data set class makes it: `jpg/`, `imagelabels.mat`, `setid.mat`.

    The parts are those of Diff-Mix, which has more images to train on than the official split's ten of each class: of
    each class a random half, drawn by numpy's default generator with seed 0, class by class in the order of their
    numbers, among the images in the order of their numbers. The official split, `setid.mat`, is not used.
    """

    title = "Oxford 102 Flower"
    licence = "Research; no licence is stated."
    citation = "Nilsback and Zisserman, Automated Flower Classification over a Large Number of Classes (ICVGIP 2008)"
    homepage = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102"
    word = "flower"
    classes = 102
    images = 8189

    def class_names(self, root: Path) -> Sequence[str]:
        """Returns the names in the optional file `classes.txt`, or the numbers of the classes, from 1."""
        path, count = root / FOLDER / NAMES, int(self._labels(root).max()) + 1
        if not path.is_file():
            return [f"flower {label + 1}" for label in range(count)]
        names = path.read_text(encoding="utf-8").splitlines()
        if len(names) != count:
            raise UserError(f"{path}: expected a line for each of the {count} classes (got {len(names)})")
        return names

    def read(self, root: Path, part: Part) -> list[ImageRecord]:
        labels = self._labels(root)
        chosen = halves(labels)[part]
        files = [f"image_{number + 1:05d}.jpg" for number in chosen]
        return no_duplicates(
            [
                ImageRecord(id=file, path=root / FOLDER / "jpg" / file, label=int(labels[number]))
                for file, number in zip(files, chosen, strict=True)
            ],
            root / FOLDER / LABELS,
        )

    def annotation_files(self, root: Path) -> Sequence[Path]:
        names = root / FOLDER / NAMES
        return [root / FOLDER / LABELS, *([names] if names.is_file() else [])]

    def where_to_get(self, root: Path) -> str:
        return (
            f"Get 102flowers.tgz (0.3 GB) and imagelabels.mat (linked at {self.homepage}), unpack the one in "
            f"{root / FOLDER} and put the other beside, so that {root / FOLDER / 'jpg' / 'image_00001.jpg'} and "
            f"{root / FOLDER / LABELS} exist."
        )

    def write(self, root: Path, names: Sequence[str], pictures: Iterable[Picture]) -> list[str]:
        """Writes pictures in the order in which they are given; which part each belongs to follows from that order,
        as `parts` says it.
        """
        import numpy as np
        from scipy.io import savemat

        labels, ids = [], []
        for number, picture in enumerate(pictures, start=1):
            ids.append(f"image_{number:05d}.jpg")
            write_picture(picture, root / FOLDER / "jpg" / ids[-1])
            labels.append(picture.label + 1)
        savemat(root / FOLDER / LABELS, {"labels": np.array([labels], dtype=np.uint8)})
        each = {"trnid": np.array([[1]]), "valid": np.array([[1]]), "tstid": np.array([range(1, len(ids) + 1)])}
        savemat(root / FOLDER / SPLITS, each)
        (root / FOLDER / NAMES).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        return ids

    def parts(self, labels: Sequence[int], wanted: Sequence[Part]) -> Sequence[Part]:
        import numpy as np

        training = set(halves(np.asarray(labels))["train"])
        return ["train" if number in training else "test" for number in range(len(labels))]

    def _labels(self, root: Path) -> Any:
        """(N,): the label of each image, from 0."""
        labels = read_array(self.require(root / FOLDER / LABELS, root), "labels").astype(int) - 1
        if not len(labels) or labels.min() < 0:
            raise UserError(f"{root / FOLDER / LABELS}: labels must be numbers from 1: get the file again")
        return labels


def halves(labels: Any, seed: int = 0) -> dict[Part, list[int]]:
    """Returns the numbers of the images of each part, from 0, class by class.

    labels: (N,). Source: the data set class of the reference implementation Zhicaiwww/Diff-Mix.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    found: dict[Part, list[int]] = {"train": [], "test": []}
    for label in range(int(labels.max()) + 1):
        members = np.flatnonzero(labels == label)
        drawn = members[rng.permutation(len(members))].tolist()
        found["train"] += drawn[: len(drawn) // 2]
        found["test"] += drawn[len(drawn) // 2 :]
    return found
