"""Captions of training images by BLIP."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ...params import Params
from .captioner import Captioner

if TYPE_CHECKING:
    import numpy as np


class BlipParams(Params):
    model: str = Field("Salesforce/blip-image-captioning-large", min_length=1, description="id on the hub, or folder")
    revision: str | None = Field(None, description="commit, branch or tag on the hub; null: its main branch")
    aspect: str = Field("caption", min_length=1, description="name of the caption in templates")
    max_tokens: int = Field(40, ge=1, description="longest caption")


class Blip(Captioner):
    """Caption each image by BLIP. A template names the caption as `{caption}`.

    Sources: Li et al., "BLIP" (ICML 2022); ALIA (Dunlap et al., NeurIPS 2023) and Diff-II (Wang and Chen, CVPR 2025)
    caption their training images so before a language model summarises the captions.
    """

    Params = BlipParams
    params: BlipParams

    def load(self, folder: Path) -> Any:
        from transformers.models.blip.modeling_blip import BlipForConditionalGeneration
        from transformers.models.blip.processing_blip import BlipProcessor

        from ..devices import device
        from ..quiet import quiet

        with quiet():
            model: Any = BlipForConditionalGeneration.from_pretrained(folder, local_files_only=True)
            return model.to(device()).eval(), BlipProcessor.from_pretrained(folder, local_files_only=True)

    def answer(self, model: Any, image: np.ndarray) -> Mapping[str, str]:
        import torch
        from PIL import Image

        network, processor = model
        inputs = processor(images=Image.fromarray(image), return_tensors="pt").to(network.device)
        with torch.no_grad():
            tokens = network.generate(**inputs, max_new_tokens=self.params.max_tokens, do_sample=False)
        return {self.params.aspect: processor.batch_decode(tokens, skip_special_tokens=True)[0]}
