"""Provenance of generated images: where the model's cross-attention looks at the class's tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from ..base import UserError, torch
from ..params import Params

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

CROSS = "attn2.processor"
"""End of the names that diffusers gives the processors of cross-attention."""


class AttentionParams(Params):
    """Parameters that choose the attention that is collected."""

    first: float = Field(0.0, ge=0, le=1, description="share of the denoising steps that is passed over at first")
    last: float = Field(1.0, gt=0, le=1, description="share of the denoising steps after which nothing is collected")
    sides: tuple[int, ...] | None = Field(
        None, description="sides of the attention maps that count, such as [16, 32]; null: all"
    )
    blur: float = Field(0.0, ge=0, description="standard deviation, in pixels, of a Gaussian over the map; 0: none")
    layers: tuple[str, ...] | None = Field(
        None,
        description="beginnings of the names of layers that count, such as [up_blocks.1, mid_block]; null: all",
    )

    @model_serializer(mode="wrap")
    def _as_before(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """`layers` came later: at its default it is left out, so that sets from before it keep their identity."""
        return {name: value for name, value in dump(self).items() if name != "layers" or value is not None}


class Collector:
    """Sums up attention to some tokens of each image of a batch, while a pipeline runs.

    places: of the tokens, for each image. chunk: which part of the model's batch is conditioned on the prompts, and of
    how many, as classifier-free guidance lays them out. steps: of the run.
    """

    def __init__(
        self, params: AttentionParams, places: Sequence[Sequence[int]], chunk: tuple[int, int], steps: int
    ) -> None:
        self.params, self.places, self.chunk, self.steps = params, places, chunk, steps
        self.step = 0
        self._sums: dict[int, Tensor] = {}
        self._counts: dict[int, int] = {}

    def take(self, probabilities: Tensor, heads: int) -> None:
        """probabilities: (chunks * B * heads, positions, tokens)."""
        side = round(probabilities.shape[1] ** 0.5)
        done = self.step / max(1, self.steps)
        if side * side != probabilities.shape[1] or not self.params.first <= done < self.params.last:
            return
        if self.params.sides is not None and side not in self.params.sides:
            return
        number, count = self.chunk
        of_heads = probabilities.float().unflatten(0, (-1, heads)).mean(1)
        own = of_heads.chunk(count)[number]
        maps = [one[:, list(places)].sum(-1).reshape(side, side) for one, places in zip(own, self.places, strict=True)]
        found = torch.stack(maps).cpu()
        self._sums[side] = self._sums[side] + found if side in self._sums else found
        self._counts[side] = self._counts.get(side, 0) + 1

    def stepped(self, *_: Any) -> None:
        """Counts a call of the model: one denoising step."""
        self.step += 1

    def maps(self, size: int) -> list[np.ndarray]:
        """Returns, for each image, (size, size) float in [0, 1]: the mean over the sides, each scaled by its maximum.

        Raises `UserError` where nothing was collected.
        """
        import cv2
        import numpy as np

        if not self._sums:
            raise UserError(
                f"provenance: attention: no map was collected (sides {self.params.sides or 'all'}, shares of the steps "
                f"{self.params.first} to {self.params.last}): the model has no such maps, or the image no such steps"
            )
        found = []
        for image in range(len(self.places)):
            total = np.zeros((size, size), np.float64)
            for side, sums in sorted(self._sums.items()):
                one = sums[image].numpy() / self._counts[side]
                total += cv2.resize(one / max(float(one.max()), 1e-12), (size, size), interpolation=cv2.INTER_CUBIC)
            if self.params.blur:
                total = cv2.GaussianBlur(total, (0, 0), self.params.blur)
            low, high = float(total.min()), float(total.max())
            found.append((total - low) / max(high - low, 1e-12))
        return found


@contextmanager
def collecting(unet: Any, collector: Collector) -> Iterator[None]:
    """While the body runs, every cross-attention of a U-Net is also given to the collector; images stay the same.

    Raises `UserError` for a model without such attention: a diffusion transformer has none.
    """
    processors = dict(getattr(unet, "attn_processors", {}))
    cross = [name for name in processors if name.endswith(CROSS)]
    if not cross:
        raise UserError(
            "provenance: attention: the generator has no cross-attention to the prompt of the form that a U-Net has "
            "(diffusion transformers attend jointly): use provenance: none, or difference for edits"
        )
    layers = collector.params.layers
    chosen = [name for name in cross if layers is None or name.startswith(layers)]
    if not chosen:
        known = ", ".join(name.removesuffix(f".{CROSS}") for name in cross)
        raise UserError(f"provenance: attention: layers: none of {', '.join(layers or ())} begins any of {known}")
    watched = {name: _Watching(one, collector) if name in chosen else one for name, one in processors.items()}
    unet.set_attn_processor(watched)
    counter = unet.register_forward_hook(collector.stepped)
    try:
        yield
    finally:
        counter.remove()
        unet.set_attn_processor(processors)


class _Watching:
    """Runs a processor as it is, and computes the attention that it had once more."""

    def __init__(self, processor: Any, collector: Collector) -> None:
        self.processor, self.collector = processor, collector

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        **others: Any,
    ) -> Tensor:
        if encoder_hidden_states is not None:
            query = attn.head_to_batch_dim(attn.to_q(hidden_states))
            key = attn.head_to_batch_dim(attn.to_k(encoder_hidden_states))
            self.collector.take(attn.get_attention_scores(query, key, None), attn.heads)
        return self.processor(attn, hidden_states, encoder_hidden_states, attention_mask, **others)


def mask_of(relevance: np.ndarray) -> np.ndarray:
    """Returns (H, W) bool, True above Otsu's threshold of a map (H, W) in [0, 1].

    A map of one value has no target: the mask is False throughout.
    """
    import cv2
    import numpy as np

    _, mask = cv2.threshold((relevance * 255).round().astype(np.uint8), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return mask > 0


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Returns the intersection over union of two masks (H, W) bool; 1 for two empty ones."""
    either = int((one | other).sum())
    return float((one & other).sum()) / either if either else 1.0
