"""A synthesizer that paints images in phases, and the toy task with a training set that it can read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from provbench.registry import SYNTHESIZERS, TASKS, Estimate, Params, Phased, Share, UserError
from provbench.registry.base import write_image
from provbench.registry.synthesizers import Header, SyntheticImage, write_manifest


class DotsParams(Params):
    images: int = Field(6, ge=1)
    fail: bool = False


class Dots(Phased):
    """Paint grey images, in two phases."""

    Params = DotsParams
    params: DotsParams
    phases: ClassVar[tuple[str, ...]] = ("mix", "paint")
    reads_segmentations = False

    def missing_inputs(self, data: Any) -> list[str]:
        return [f"{data.folder / 'paint'}: no paint"] if (data.folder / "dry").exists() else []

    def work(self, phase: str, data: Any, out: Path, share: Share, progress: Callable[[int, int], None]) -> None:
        if phase == "mix":
            (out / "colour").write_text("grey") if share.number == 0 else None
            return
        assert (out / "colour").read_text() == "grey"
        own = share.of(range(self.params.images))
        for done, number in enumerate(own, start=1):
            if share.limit is not None and done > share.limit:
                return
            if self.params.fail and number == 3:
                raise UserError("no paint left")
            (out / "images").mkdir(exist_ok=True)
            write_image(out / f"images/{number}.jpg", np.full((8, 8, 3), 10 * number, np.uint8))
            progress(done, len(own))

    def estimate(self, data: Any, out: Path, share: Share) -> Estimate:
        left = self.params.images - len(list(out.glob("images/*")))
        return Estimate(left, 0, left, float(left), 100 * left)

    def finish(self, data: Any, out: Path) -> bool:
        names = [f"images/{number}.jpg" for number in range(self.params.images)]
        if not all((out / name).is_file() for name in names):
            return False
        rows = [SyntheticImage(file=name, source=None, label=0, change="", seed=0, mask=None) for name in names]
        write_manifest(out, Header.of(self, len(rows)), rows)
        return True


class Readable:
    num_classes = 2

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __len__(self) -> int:
        return 0


Toy: Any = TASKS.get("toy")  # toy.py is loaded before this file


class Dotted(Toy):
    """The toy task, whose training set says where it lies."""

    folder = "dotted"

    def training_set(self) -> Any:
        return Readable(self.root)


SYNTHESIZERS.add("dots", Dots)
TASKS.add("dotted", Dotted)
