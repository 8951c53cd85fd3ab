"""Attention of CLIP: the regions of an image that decide how well it fits a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..base import CLIP_FILES, functional, hub_folder, torch, without_progress_bars
from ..contracts import full_precision

if TYPE_CHECKING:
    from torch import Tensor

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""Statistics of the pixels in [0, 1] that CLIP was trained with."""


class ClipAttention:
    """Maps of the places in an image on which its likeness to texts rests, by a frozen CLIP with a ViT.

    weights: a repository of the Hugging Face Hub, in its cache or in the folder `PROVBENCH_MODELS`. prompts: the texts.
    Raises `MissingDataError` where the weights are not there.

    Source: Chefer et al., "Generic Attention-model Explainability for Interpreting Bi-Modal and Encoder-Decoder
    Transformers" (ICCV 2021): R = 1; in each block R += mean over heads of max(A ⊙ ∂likeness/∂A, 0) R; the map is the
    class token's row of R.
    """

    def __init__(self, weights: str, prompts: Sequence[str]) -> None:
        from transformers import CLIPModel, CLIPTokenizer

        folder = hub_folder(weights, CLIP_FILES)
        with without_progress_bars(), torch.random.fork_rng(devices=[]):
            model = CLIPModel.from_pretrained(folder, attn_implementation="eager", local_files_only=True)
            tokenizer = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
        tokens = tokenizer(list(prompts), padding=True, truncation=True, max_length=77, return_tensors="pt")
        self.model: Any = model.eval().requires_grad_(False)
        with torch.no_grad():
            texts = self.model.get_text_features(tokens["input_ids"]).pooler_output
        self.texts = functional.normalize(texts, dim=1)

    def __call__(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Maps pixels (B, 3, H, W) in [0, 1] to maps (B, 1, H, W) in [0, 1], and which images have any, (B,) bool.

        The maps of the texts are each stretched to [0, 1], averaged (those that are 0 everywhere left out), enlarged
        bilinearly and stretched again.
        """
        with full_precision(), torch.enable_grad():
            relevance = self.relevance(pixels.detach().float())
        known = relevance.amax(dim=(2, 3)) > 0
        count = known.sum(dim=1)
        mean = (stretched(relevance) * known[:, :, None, None]).sum(dim=1) / count.clamp(min=1)[:, None, None]
        large = functional.interpolate(mean[:, None], size=pixels.shape[2:], mode="bilinear", align_corners=False)
        return stretched(large), count > 0

    def relevance(self, pixels: Tensor) -> Tensor:
        """(B, T, h, w) ≥ 0: the relevance of each patch for the likeness of an image with each of T texts."""
        self.model.to(pixels.device)
        vision = self.model.config.vision_config
        side = vision.image_size
        mean, std = (torch.tensor(values, device=pixels.device).view(1, 3, 1, 1) for values in (MEAN, STD))
        sized = functional.interpolate(pixels, size=(side, side), mode="bilinear", antialias=True, align_corners=False)
        inputs = ((sized - mean) / std).requires_grad_()
        found = self.model.vision_model(pixel_values=inputs, output_attentions=True)
        images = functional.normalize(self.model.visual_projection(found.pooler_output), dim=1)
        likeness = self.model.logit_scale.exp() * images @ self.texts.to(images.device).mT
        maps = [self._rolled(likeness[:, text].sum(), found.attentions) for text in range(likeness.shape[1])]
        grid = side // vision.patch_size
        return torch.stack(maps, dim=1).unflatten(2, (grid, grid))

    @staticmethod
    def _rolled(likeness: Tensor, attentions: Sequence[Tensor]) -> Tensor:
        """(B, N - 1): the class token's relevance of the others, through all blocks. attentions: (B, heads, N, N)."""
        gradients = torch.autograd.grad(likeness, list(attentions), retain_graph=True)
        size = attentions[0].shape[-1]
        total = torch.eye(size, device=likeness.device).expand(len(attentions[0]), size, size)
        for attention, gradient in zip(attentions, gradients, strict=True):
            total = total + (attention.detach() * gradient).clamp(min=0).mean(dim=1) @ total
        return total[:, 0, 1:]


def stretched(maps: Tensor) -> Tensor:
    """(B, T, h, w), each map from its minimum, 0, to its maximum, 1; a constant one is 0."""
    above = maps - maps.amin(dim=(2, 3), keepdim=True)
    peak = above.amax(dim=(2, 3), keepdim=True)
    return above / torch.where(peak > 0, peak, 1)
