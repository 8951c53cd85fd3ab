"""The synthesizer `generated`: images from a diffusion model, composed of seven seams."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from ..base import Pretrained, UserError
from ..contracts import ClassNamed, TrainingSet
from ..core import CONTEXTS, FILTERS, GENERATORS, IMAGE_SAMPLERS, LABELS, PROMPTS, TUNERS, Registry
from ..phased import Estimate, Phased, Share
from ..synthesizers import Header, write_manifest
from .captions import FILE, of_samples, read_captions, write_captions
from .digests import digest
from .drawing import Drawer
from .orders import bank_of, batches, class_words, counts, make_orders, tuning_captions
from .parameters import GeneratedParams
from .schedule import STATES
from .seams import (
    Caption,
    Context,
    Filter,
    Generator,
    ImageSampler,
    LabelRule,
    Needy,
    Order,
    PromptPolicy,
    Tuner,
    Tuning,
)
from .set_files import ROWS, missing, read_row, remove_work
from .template import aspects_of
from .use import build

BYTES_PER_PIXEL = 2.0
"""Rough upper guess of the size of a PNG of a photograph, with its mask and row."""
SPARE = 64 * 2**20
"""Bytes that are to stay free on the disk."""


class Generated(Phased):
    """Generate images of every class by a diffusion model.

    The seams: `generator`, the model; `context`, where descriptions of training images come from; `tuner`; `prompts`,
    whose descriptions a prompt contains; `sampler`; `filter`; `labels`. Each is a plugin by name, with parameters of
    its own: `sampler: {name: text-to-image, steps: 50}`. Published methods are compositions of these, in the suites of
    `suites/paper`.

    Training images are described (`captions.tsv`), the model is tuned (`lora/`), and images are drawn, one after the
    other or by several workers: each follows from its own seed, so that on a CPU any number of workers, interrupted or
    not, makes the same files. Provenance masks show the class's target: where the model's cross-attention to the
    class's tokens is above Otsu's threshold (`attention`), what an edit left alone (`difference`), or the target whose
    pixels stayed (`exact`). Edits with masks from attention have those from the difference, too, in
    `masks-difference`, and the two masks' intersection over union in the manifest.
    """

    Params = GeneratedParams
    params: GeneratedParams
    phases: ClassVar[tuple[str, ...]] = ("describe", "tune", "judge", "draw")

    @property
    def reads_segmentations(self) -> bool:
        """Returns whether the sampler keeps targets, which it finds by their segmentations."""
        return self.sampler.locks_target

    @cached_property
    def generator(self) -> Generator:
        return build(GENERATORS, self.params.generator)

    @cached_property
    def context(self) -> Context | None:
        return None if self.params.context is None else build(CONTEXTS, self.params.context)

    @cached_property
    def tuner(self) -> Tuner:
        return build(TUNERS, self.params.tuner)

    @cached_property
    def prompts(self) -> PromptPolicy:
        return build(PROMPTS, self.params.prompts)

    @cached_property
    def sampler(self) -> ImageSampler:
        return build(IMAGE_SAMPLERS, self.params.sampler)

    @cached_property
    def filter(self) -> Filter:
        return build(FILTERS, self.params.filter)

    @cached_property
    def rule(self) -> LabelRule:
        return build(LABELS, self.params.labels)

    @property
    def seams(self) -> list[Needy]:
        """Returns the seams that may need models or files."""
        context = [self.context] if self.context is not None and self.needs_captions else []
        return [self.generator, *context, self.tuner, self.prompts, self.sampler, self.filter]

    @property
    def needs_captions(self) -> bool:
        """Returns whether any prompt contains the description of a training image."""
        return bool(self.params.tuning_aspects or (self.prompts.needs_captions and aspects_of(self.params.template)))

    def composition(self) -> list[tuple[Registry, str]]:
        uses = {
            GENERATORS: self.params.generator,
            CONTEXTS: self.params.context,
            TUNERS: self.params.tuner,
            PROMPTS: self.params.prompts,
            IMAGE_SAMPLERS: self.params.sampler,
            FILTERS: self.params.filter,
            LABELS: self.params.labels,
        }
        return [(registry, str(use["name"])) for registry, use in uses.items() if use is not None]

    def missing_inputs(self, data: TrainingSet) -> list[str]:
        named = [] if isinstance(data, ClassNamed) else [f"{data.folder}: the data set does not name its classes"]
        return [*named, *(problem for seam in self.seams for problem in seam.missing_inputs(data))]

    def weights(self, weights_dir: Path | None) -> list[Pretrained]:
        return [read for seam in self.seams for read in seam.weights(weights_dir)]

    def fingerprint(self, data: TrainingSet) -> str:
        names = list(data.class_names()) if isinstance(data, ClassNamed) else []
        return digest([names, *(seam.fingerprint(data) for seam in self.seams)])

    def work(
        self, phase: str, data: TrainingSet, out: Path, share: Share, progress: Callable[[int, int], None]
    ) -> None:
        from .devices import one_thread

        does = {"describe": self._describe, "tune": self._tune, "judge": self._prepare_filter, "draw": self._draw}
        with one_thread():
            does[phase](data, out, share, progress)

    def estimate(self, data: TrainingSet, out: Path, share: Share) -> Estimate:
        done = len(list((out / ROWS).glob("*.json")))
        most = [count if share.copies is None else min(count, share.copies) for count in counts(self.params, data)]
        images = max(0, sum(most) - done)
        tuned = (out / "lora").is_dir() and not (out / STATES).is_dir()
        training = 0 if tuned else self.tuner.steps(data)
        denoising = round(images * self.sampler.mean_steps)
        per_step = self.generator.seconds_per_step
        seconds = per_step * (denoising + 3 * training * int(self.params.tuner.get("batch_size", 1)))
        return Estimate(images, training, denoising, seconds, round(images * self.generator.size**2 * BYTES_PER_PIXEL))

    def finish(self, data: TrainingSet, out: Path) -> bool:
        orders = self.orders(data, out)
        rows = [read_row(out, order) for order in orders]
        found = [row for row in rows if row is not None]
        if len(found) < len(orders):
            return False
        kept = [0] * data.num_classes
        dropped = [0] * data.num_classes
        for was_kept, row in found:
            (kept if was_kept else dropped)[row.label] += 1
        header = Header.of(self, sum(kept))
        if self.params.filter["name"] != "none":
            header = header.model_copy(update={"kept": tuple(kept), "dropped": tuple(dropped)})
        header = header.model_copy(update={"licence": self.generator.licence})
        write_manifest(out, header, [row for was_kept, row in found if was_kept])
        remove_work(out, (ROWS, STATES))
        return True

    def orders(self, data: TrainingSet, out: Path) -> list[Order]:
        """Returns what is to be drawn. Raises `UserError` where images are not described yet."""
        bank = bank_of(self.params, data, self._captions(data, out))
        words = class_words(self.params, self.tuner, data)
        return make_orders(self.params, data, bank, words, self.prompts, self.sampler, self.tuner)

    def _captions(self, data: TrainingSet, out: Path) -> list[Caption]:
        if not self.needs_captions:
            return []
        if not (out / FILE).is_file():
            raise UserError(f"{out / FILE}: the training images are not described yet: let the first worker begin")
        return list(of_samples(read_captions(out / FILE), _ids(data), out / FILE))

    def _describe(self, data: TrainingSet, out: Path, share: Share, progress: Callable[[int, int], None]) -> None:
        if self.context is None or not self.needs_captions or share.number or (out / FILE).is_file():
            return
        write_captions(out / FILE, _ids(data), self.context.describe(data, out, progress))

    def _tune(self, data: TrainingSet, out: Path, share: Share, progress: Callable[[int, int], None]) -> None:
        units = range(self.tuner.units(data))
        if not units:
            return
        bank = bank_of(self.params, data, self._captions(data, out))
        words = class_words(self.params, self.tuner, data)
        tuning = Tuning(data, tuning_captions(self.params, words, bank), words, out, self.params.seed)
        for unit in share.of(units):
            self.tuner.tune(self.generator, tuning, unit, progress)

    def _prepare_filter(self, data: TrainingSet, out: Path, share: Share, progress: Callable[[int, int], None]) -> None:
        if share.number == 0:
            self.filter.prepare(data, out, progress)

    def _draw(self, data: TrainingSet, out: Path, share: Share, progress: Callable[[int, int], None]) -> None:
        orders = self.orders(data, out)
        wanted = {order.number for order in orders if share.copies is None or order.copy < share.copies}
        whole = [batch for batch in batches(orders, self.params.batch_size) if batch[0].number in wanted]
        own = share.of(whole)
        self._require_room(out, sum(map(len, own)))
        drawer = Drawer(self.params, data, out, self.generator, self.sampler, self.filter, self.rule)
        done, drawn, total = 0, 0, sum(map(len, own))
        for batch in own:
            if missing(out, batch):
                if share.limit is not None and drawn >= share.limit:
                    return
                if not drawn:
                    self.filter.load(data, out)
                self._require_tuned(out, batch)
                drawer.draw(batch)
                drawn += len(batch)
            done += len(batch)
            progress(done, total)

    def _require_room(self, out: Path, images: int) -> None:
        """Raises `UserError` where the disk has no room for the images."""
        needed, free = round(images * self.generator.size**2 * BYTES_PER_PIXEL), shutil.disk_usage(out).free
        if needed > max(0, free - SPARE):
            raise UserError(
                f"{out}: {images} images need about {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free: free some "
                "space; what was generated before is kept"
            )

    def _require_tuned(self, out: Path, batch: list[Order]) -> None:
        """Raises `UserError` where the weights that a batch needs are not trained yet."""
        for name in batch[0].adapter.files:
            if not (out / name).is_file():
                raise UserError(f"{out / name}: the model is not tuned yet: let the workers that train it end first")


def _ids(data: TrainingSet) -> list[str]:
    return [data.sample_id(index) for index in range(len(data))]
