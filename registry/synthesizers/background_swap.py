"""Background swap: each target over the background of another image, without any generative model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ..base import UserError, missing_messages, read_image, write_image, write_mask
from ..contracts import Synthesizer, TrainingSet
from ..params import added, tunable
from .difference import DifferenceParams
from .manifest import Header, SyntheticImage, write_manifest

if TYPE_CHECKING:
    import numpy as np

MOST_TARGET = 0.9
"""A donor must have at least a tenth of background for the rest to be filled in from."""
DONORS_TRIED = 100


class BackgroundSwapParams(DifferenceParams):
    fraction: float = tunable(
        1.0, choices=(0.25, 0.5, 1.0), gt=0, le=1, description="share of each class's training images that are edited"
    )
    copies: int = Field(1, ge=1, description="edits of each chosen image, each over another background")
    feather: float = Field(
        0.0, ge=0, description="pixels: standard deviation of the Gaussian that softens the target's outline; 0: none"
    )
    margin: int = Field(3, ge=0, description="pixels around the donor's target that are filled in with it")
    inpaint_radius: float = Field(3.0, gt=0, description="pixels: neighbourhood that the donor's target is filled from")
    donors: Literal["any", "same-class"] = added(
        "any", description="whose backgrounds are taken: of any training image, or of the image's own class only"
    )
    masks: Literal["difference", "exact"] = added(
        "difference",
        description="provenance: what still looks like the source, as with a generative editor, or exactly what was "
        "pasted of it",
    )
    seed: int = Field(0, ge=0, description="of the choice of images and donors; not the seed of a run")


class BackgroundSwap(Synthesizer):
    """Composite a training image's target over the background of another training image.

    Needs the training set's segmentations. The donor is drawn from the whole training set, or from the image's class
    (`donors`); its own target is filled in (Telea's method), and it is resized to the source's size. Images are JPEG
    files of quality 95; each mask comes from the difference of the source and the stored file alone, as with a
    generative editor, so the segmentation never reaches the provenance and the difference map's faults do: where the
    old and the new background look alike, the mask covers more than the target. Of 100 generated birds over swapped
    backgrounds of 64 pixels, the masks overlap the segmentations by 0.84 in the mean (intersection over union), and by
    0.18 with channel mean and scale linear, since Otsu's threshold then falls among the edited pixels. With
    `masks: exact` the mask is the segmentation as it was pasted instead (with `feather`, where at least half of the
    pixel is the source's), and the parameters of the difference map have no effect.

    Of each class the share `fraction` is edited, rounded, at least one image. Every image's randomness follows from
    (seed, the source's index, the copy), so that no file depends on which others are made, or in what order.

    Raises `MissingDataError` where the data set has no segmentations, `UserError` where a source has an empty one or no
    donor can be found.
    """

    Params = BackgroundSwapParams
    params: BackgroundSwapParams

    def missing_inputs(self, data: TrainingSet) -> list[str]:
        return missing_messages(lambda: data.segmentation(0))

    def synthesize(self, data: TrainingSet, out: Path, progress: Callable[[int, int], None]) -> None:
        for folder in ("images", "masks"):
            (out / folder).mkdir(parents=True, exist_ok=True)
        chosen = choose(data, self.params.fraction, self.params.seed)
        total = len(chosen) * self.params.copies
        rows: list[SyntheticImage] = []
        for index in chosen:
            for copy in range(self.params.copies):
                rows.append(self._edit(data, index, copy, out))
                progress(len(rows), total)
        write_manifest(out, Header.of(self, len(rows)), rows)

    def _edit(self, data: TrainingSet, index: int, copy: int, out: Path) -> SyntheticImage:
        import numpy as np

        rng = np.random.default_rng([self.params.seed, index, copy + 1])
        original, target = load(data, index)
        if not target.any():
            raise UserError(f"{data.sample_id(index)}: its segmentation is empty, so there is no target to keep")
        donor, background = draw_background(
            data, index, self.params.margin, self.params.inpaint_radius, rng, self.params.donors == "same-class"
        )
        image, mask = f"images/{index:06d}-{copy}.jpg", f"masks/{index:06d}-{copy}.png"
        write_image(out / image, composite(original, target, background, self.params.feather))
        write_mask(out / mask, self._unedited(original, target, out / image))
        return SyntheticImage(
            file=image,
            source=data.sample_id(index),
            label=data.label(index),
            change=f"background of {data.sample_id(donor)}",
            seed=self.params.seed,
            mask=mask,
        )

    def _unedited(self, original: np.ndarray, target: np.ndarray, image: Path) -> np.ndarray:
        """(H, W) bool: where the stored image is the source's, as `masks` says it."""
        if self.params.masks == "exact":
            return shares(target, self.params.feather) >= 0.5
        return self.params.provenance(original, read_image(image))


def choose(data: TrainingSet, fraction: float, seed: int) -> list[int]:
    """The training images to edit, ascending: of each class the share `fraction`, rounded, and at least one.

    Each image's rank within its class follows from (seed, index), so a larger fraction takes the same images and more.
    """
    import numpy as np

    classes: dict[int, list[int]] = {}
    for index in range(len(data)):
        classes.setdefault(data.label(index), []).append(index)
    chosen: list[int] = []
    for members in classes.values():
        ranked = sorted(members, key=lambda index: np.random.default_rng([seed, index, 0]).random())
        chosen += ranked[: max(1, round(fraction * len(ranked)))]
    return sorted(chosen)


def load(data: TrainingSet, index: int) -> tuple[np.ndarray, np.ndarray]:
    """The image, (H, W, 3) uint8, and its target, (H, W) bool. Raises `UserError` where they are not of one size."""
    image, target = data.image(index), data.segmentation(index)
    if target.shape != image.shape[:2]:
        raise UserError(
            f"{data.sample_id(index)}: the segmentation must be of the image's size, {image.shape[:2]} "
            f"(got {target.shape})"
        )
    return image, target


def draw_background(
    data: TrainingSet, index: int, margin: int, radius: float, rng: np.random.Generator, same_class: bool = False
) -> tuple[int, np.ndarray]:
    """Another image than `index`, uniform among those with enough background, and (H, W, 3) uint8 without its target.

    The target, and `margin` pixels around it, are filled in from what is within `radius` pixels. same_class: pass over
    images of other classes.
    """
    import cv2
    import numpy as np

    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
    for _ in range(DONORS_TRIED if len(data) > 1 else 0):
        donor = (index + int(rng.integers(1, len(data)))) % len(data)
        if same_class and data.label(donor) != data.label(index):
            continue
        image, target = load(data, donor)
        hole = cv2.dilate(target.astype(np.uint8), disc)
        if hole.mean() <= MOST_TARGET:
            return donor, cv2.inpaint(image, hole, radius, cv2.INPAINT_TELEA)
    raise UserError(
        f"{data.sample_id(index)}: found no other training image with at least {1 - MOST_TARGET:.0%} of background: "
        "background-swap needs a training set with segmentations that leave some"
    )


def composite(original: np.ndarray, target: np.ndarray, background: np.ndarray, feather: float) -> np.ndarray:
    """(H, W, 3) uint8: the original where `target` is True, the background, resized, elsewhere."""
    import cv2
    import numpy as np

    height, width = original.shape[:2]
    if background.shape != original.shape:
        shrinks = background.shape[0] * background.shape[1] > height * width
        method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        background = cv2.resize(background, (width, height), interpolation=method)
    if feather == 0:
        return np.where(target[..., None], original, background)
    share = shares(target, feather)[..., None]
    return np.rint(share * original + (1 - share) * background).astype(np.uint8)


def shares(target: np.ndarray, feather: float) -> np.ndarray:
    """(H, W) float32 in [0, 1]: how much of each pixel is the source's, for a target (H, W) bool."""
    import cv2
    import numpy as np

    share = target.astype(np.float32)
    return cv2.GaussianBlur(share, (0, 0), feather) if feather else share
