"""The contract of a layout of a data set, and what layouts share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, ClassVar, Literal

from provbench.registry.base import MissingDataError, UserError, leads_out, write_image, write_mask

from ..common import AnnotationLine, ImageRecord

if TYPE_CHECKING:
    import numpy as np

Part = Literal["train", "test"]
PARTS: tuple[Part, ...] = ("train", "test")


@dataclass(frozen=True)
class Picture:
    """One image to be written. image: (H, W, 3) uint8 RGB. mask: (H, W) bool, True on the target, or None."""

    part: Part
    label: int
    image: np.ndarray
    mask: np.ndarray | None = None


class Layout(ABC):
    """The folders and annotation files of a data set, under the folder of a task."""

    title: ClassVar[str]
    licence: ClassVar[str]
    citation: ClassVar[str]
    homepage: ClassVar[str]
    word: ClassVar[str]
    """The word for what is in the images, in prompts: `aircraft`."""
    classes: ClassVar[int]
    images: ClassVar[int]
    """Official number of images, of both parts together."""

    @abstractmethod
    def class_names(self, root: Path) -> Sequence[str]:
        """Returns the names of the classes in the order of their numbers. Raises as `read`."""

    @abstractmethod
    def read(self, root: Path, part: Part) -> list[ImageRecord]:
        """Returns the images of a part, in the order of the data set's own files; ids are unique over both parts.

        Raises `MissingDataError` that says where to get the data, and `UserError` with file and line for a value that
        cannot be right.
        """

    @abstractmethod
    def annotation_files(self, root: Path) -> Sequence[Path]:
        """Returns the files that labels and parts follow from."""

    @abstractmethod
    def where_to_get(self, root: Path) -> str:
        """Returns where to get the data set and where to put it, for messages."""

    def where_to_get_segmentations(self, root: Path) -> str:
        """Returns where to get outlines, for messages; "" where there are none."""
        return ""

    @abstractmethod
    def write(self, root: Path, names: Sequence[str], pictures: Iterable[Picture]) -> list[str]:
        """Writes pictures and annotation files of a data set of these classes into the empty folder `root`.

        Returns the ids of the images, in the order of `pictures`.
        """

    def parts(self, labels: Sequence[int], wanted: Sequence[Part]) -> Sequence[Part]:
        """Returns the part that each of some pictures will belong to when they are written in this order: the one that
        is wanted, unless the data set decides it by a rule of its own.
        """
        return wanted

    def require(self, path: Path, root: Path) -> Path:
        """Returns the path. Raises `MissingDataError` that says where to get the data where nothing is there."""
        if not path.exists():
            raise MissingDataError(f"{path}: no such file.\n{self.where_to_get(root)}")
        return path


def inside(line: AnnotationLine, field: str) -> str:
    """Returns a field that is a path inside a folder; `UserError` with file and line for any other."""
    path = PurePosixPath(line[field])
    if not path.parts or leads_out(line[field]):
        raise line.error(f"{field} must be a path inside the folder of the images", line[field])
    return path.as_posix()


def no_duplicates(records: list[ImageRecord], where: Path) -> list[ImageRecord]:
    """Returns the records; `UserError` where there are none, or an image is listed twice."""
    if not records:
        raise UserError(f"{where}: lists no image")
    known = set()
    for record in records:
        if record.id in known:
            raise UserError(f"{where}: {record.id} is listed twice")
        known.add(record.id)
    return records


def write_picture(picture: Picture, image: Path, mask: Path | None = None) -> None:
    """Writes the image, and the mask where both there are one and a place for it."""
    image.parent.mkdir(parents=True, exist_ok=True)
    write_image(image, picture.image)
    if mask is not None and picture.mask is not None:
        mask.parent.mkdir(parents=True, exist_ok=True)
        write_mask(mask, picture.mask)
