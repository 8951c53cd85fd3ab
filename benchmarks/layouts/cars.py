"""Stanford Cars: cars by make, model and year."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from provbench.registry.base import UserError

from ..common import ImageRecord
from .layout import PARTS, Layout, Part, Picture, no_duplicates, write_picture
from .matlab import read_array

FOLDER = "stanford_cars"
META = "devkit/cars_meta.mat"
FILES: dict[Part, str] = {"train": "devkit/cars_train_annos.mat", "test": "cars_test_annos_withlabels.mat"}


class Cars(Layout):
    """The folder `stanford_cars` as torchvision's data set class wants it."""

    title = "Stanford Cars"
    licence = "Non-commercial research; no licence is stated."
    citation = "Krause et al., 3D Object Representations for Fine-Grained Categorization (3DRR 2013)"
    homepage = "https://pytorch.org/vision/stable/generated/torchvision.datasets.StanfordCars.html"
    word = "car"
    classes = 196
    images = 16185

    def class_names(self, root: Path) -> Sequence[str]:
        return [str(name) for name in read_array(self.require(root / FOLDER / META, root), "class_names")]

    def read(self, root: Path, part: Part) -> list[ImageRecord]:
        names, path = len(self.class_names(root)), self.require(root / FOLDER / FILES[part], root)
        records = []
        for number, row in enumerate(read_array(path, "annotations"), start=1):
            label, image = int(row["class"]) - 1, PurePosixPath(str(row["fname"]))
            if not 0 <= label < names or image.name != str(image):
                raise UserError(f"{path}: annotation {number}: class must be in 1..{names} and fname a file's name")
            name = f"cars_{part}/{image}"
            records.append(ImageRecord(id=name, path=root / FOLDER / name, label=label))
        return no_duplicates(records, path)

    def annotation_files(self, root: Path) -> Sequence[Path]:
        return [root / FOLDER / META, *(root / FOLDER / FILES[part] for part in PARTS)]

    def where_to_get(self, root: Path) -> str:
        return (
            f"The official page is gone; a copy in torchvision's form is on Kaggle (torchvision-stanford-cars). Put "
            f"its folder {FOLDER} under {root}, so that {root / FOLDER / FILES['train']} and "
            f"{root / FOLDER / FILES['test']} exist."
        )

    def write(self, root: Path, names: Sequence[str], pictures: Iterable[Picture]) -> list[str]:
        import numpy as np
        from scipy.io import savemat

        rows: dict[Part, list[tuple[int, str]]] = {part: [] for part in PARTS}
        ids = []
        for picture in pictures:
            own = rows[picture.part]
            own.append((picture.label + 1, f"{len(own) + 1:05d}.jpg"))
            ids.append(f"cars_{picture.part}/{own[-1][1]}")
            write_picture(picture, root / FOLDER / ids[-1])
        (root / FOLDER / "devkit").mkdir(parents=True)
        kind = np.dtype([("class", "O"), ("fname", "O")])
        for part in PARTS:
            savemat(root / FOLDER / FILES[part], {"annotations": np.array(rows[part], dtype=kind)})
        savemat(root / FOLDER / META, {"class_names": np.array(names, dtype=object)})
        return ids
