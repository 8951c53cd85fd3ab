"""Drawing images, and writing each of them down with its mask and what is known of it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import UserError, atomic_file, make_folder
from ..contracts import TrainingSet
from ..synthesizers import SyntheticImage
from .adapters import Adapted
from .attention import Collector, collecting, mask_of, overlap
from .devices import out_of_memory
from .orders import again
from .parameters import GeneratedParams
from .pixels import source_image
from .quiet import quiet
from .seams import Filter, Generator, ImageSampler, LabelRule, Order, Verdict
from .set_files import IMAGES, MASKS, OTHER_MASKS, Lora, write_row
from .tokens import check_prompts, places_of

if TYPE_CHECKING:
    import numpy as np


class Drawer:
    """Draws batches of images into a set's folder. The model is loaded at the first batch."""

    def __init__(
        self,
        params: GeneratedParams,
        data: TrainingSet,
        folder: Path,
        generator: Generator,
        sampler: ImageSampler,
        judge: Filter,
        rule: LabelRule,
    ) -> None:
        self.params, self.data, self.folder = params, data, folder
        self.generator, self.sampler, self.judge, self.rule = generator, sampler, judge, rule
        self._loras = Lora(folder)
        self._pipeline: Any = None
        self._adapted: Adapted | None = None

    def draw(self, orders: Sequence[Order]) -> None:
        """Draws a batch, and again what the filter does not keep; writes every image whole, and its row last."""
        if self._pipeline is None:
            self._load()
        assert self._adapted is not None
        self._adapted.use(orders[0].adapter)
        if self.params.long_prompts == "refuse":
            check_prompts(self._pipeline, [order.prompt for order in orders])
        open_ = list(orders)
        for attempt in range(self.params.tries):
            tried = [again(order, attempt) for order in open_]
            images, masks = self._images(tried, len(tried))
            verdicts = self.judge.judge(images, tried, self.data)
            last = attempt == self.params.tries - 1
            for order, image, mask, verdict in zip(tried, images, masks, verdicts, strict=True):
                if verdict.kept or last:
                    self._write(order, image, mask, verdict)
            open_ = [order for order, verdict in zip(open_, verdicts, strict=True) if not verdict.kept]
            if not open_:
                return

    def _load(self) -> None:
        with quiet():
            pipeline = self.generator.load()
            self._pipeline = self.sampler.pipeline(pipeline)
            self._adapted = Adapted(pipeline, self.folder)

    def _images(self, orders: Sequence[Order], most: int) -> tuple[list[np.ndarray], list[np.ndarray | None]]:
        """Returns images, and masks from attention, drawn at most so many at a time, or fewer where memory is short."""
        images: list[np.ndarray] = []
        masks: list[np.ndarray | None] = []
        while len(images) < len(orders):
            part = orders[len(images) : len(images) + most]
            try:
                drawn, found = self._part(part)
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
                if most == 1:
                    raise UserError(
                        f"{self.generator.identity}: one image of {self.generator.size} pixels does not fit into "
                        "memory: use a smaller size, precision: fp16, or attention_slicing: true"
                    ) from error
                _free()
                most = max(1, most // 2)
                warnings.warn(f"memory is short: images are drawn {most} at a time from here on", stacklevel=2)
                continue
            images += drawn
            masks += found
        return images, masks

    def _part(self, orders: Sequence[Order]) -> tuple[list[np.ndarray], list[np.ndarray | None]]:
        size = self.generator.size
        if self.params.provenance != "attention":
            return self.sampler.draw(self._pipeline, orders, self.data, size), [None] * len(orders)
        places = [places_of(self._pipeline, order.prompt, order.word) for order in orders]
        steps = self.sampler.steps(orders[0].strength)
        collector = Collector(self.params.attention, places, self.sampler.chunk, steps)
        with collecting(self._pipeline.unet, collector):
            images = self.sampler.draw(self._pipeline, orders, self.data, size)
        return images, [mask_of(relevance) for relevance in collector.maps(size)]

    def _write(self, order: Order, image: np.ndarray, mask: np.ndarray | None, verdict: Verdict) -> None:
        """Writes an image that is kept, and the row of any."""
        mask, other = self._masks(order, image, mask) if verdict.kept else (None, None)
        if verdict.kept:
            write_png(self.folder / IMAGES / f"{order.stem}.png", image)
        if mask is not None:
            write_png(self.folder / MASKS / f"{order.stem}.png", mask)
        if other is not None:
            write_png(self.folder / OTHER_MASKS / f"{order.stem}.png", other)
        agreement = None if mask is None or other is None else overlap(mask, other)
        write_row(self.folder, order, self._row(order, verdict, mask is not None, agreement), verdict.kept)

    def _masks(
        self, order: Order, image: np.ndarray, mask: np.ndarray | None
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Returns the provenance mask, and for edits with a mask from attention that from the difference."""
        if self.params.provenance == "exact":
            locked: Any = self.sampler
            return locked.locked(self.data, order, self.generator.size), None
        if order.source is None or self.params.provenance == "none":
            return mask, None
        difference = self.params.difference.provenance(source_image(self.data, order, self.generator.size), image)
        return (difference, None) if mask is None else (mask, difference)

    def _row(self, order: Order, verdict: Verdict, masked: bool, agreement: float | None) -> SyntheticImage:
        source = order.source
        shares = self.rule.shares(order.label, None if source is None else self.data.label(source), order.strength)
        contexts = {aspect: self.data.sample_id(index) for aspect, index in order.contexts.items()}
        return SyntheticImage(
            file=f"{IMAGES}/{order.stem}.png",
            source=None if source is None else self.data.sample_id(source),
            label=order.label,
            change=order.prompt,
            seed=order.seed,
            mask=f"{MASKS}/{order.stem}.png" if masked else None,
            labels=shares or None,
            prompt=order.prompt,
            contexts=contexts or None,
            model=self.generator.identity,
            lora=self._loras.digest(order.adapter),
            verdict=dict(verdict.measured) or None,
            agreement=agreement,
        )


def write_png(path: Path, image: np.ndarray) -> None:
    """Writes (H, W, 3) uint8 RGB or (H, W) bool, whole or not at all. Raises `UserError` where the disk is full."""
    from PIL import Image

    make_folder(path.parent)
    with atomic_file(path) as file:
        Image.fromarray(image).save(file, "PNG")


def _free() -> None:
    import torch

    torch.cuda.empty_cache()
