"""Descriptions of training images by a vision-language model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ...params import Params
from .captioner import Captioner

if TYPE_CHECKING:
    import numpy as np

QUESTION = (
    "describe the {aspect} of the {descriptor} in as few words as possible. "
    "Refer to the {descriptor} as simply 'a {descriptor}'"
)


class VlmParams(Params):
    model: str = Field("Qwen/Qwen2.5-VL-7B-Instruct", min_length=1, description="id on the hub, or path of a folder")
    revision: str | None = Field(None, description="commit, branch or tag on the hub; null: its main branch")
    descriptor: str = Field(
        "object", min_length=1, description="word for all classes of the data set: aircraft, car, bird, pet, flower"
    )
    aspects: tuple[str, ...] = Field(("background", "pose"), min_length=1, description="what is asked about")
    question: str = Field(QUESTION, description="with {aspect} and {descriptor}")
    max_tokens: int = Field(64, ge=1, description="longest answer")


class Vlm(Captioner):
    """Ask a vision-language model about the background and the pose of each image, without its class.

    The generic descriptor keeps names of classes out of the answers. Answers are decoded greedily, lose a full stop at
    their end, and are kept as they come, so that an interrupted run goes on.

    Source: Yang et al., "Beyond Objects" (CVPR 2026): Qwen2.5-VL-7B with these two questions. Its decoding is not
    known; greedy decoding and the longest answer are ours.
    """

    Params = VlmParams
    params: VlmParams

    def load(self, folder: Path) -> Any:
        import torch
        from transformers import AutoModelForImageTextToText, AutoProcessor

        from ..devices import device
        from ..quiet import quiet

        where = device()
        kind = torch.bfloat16 if where.type == "cuda" else torch.float32
        options: dict[str, Any] = {"local_files_only": True, "use_safetensors": True, "dtype": kind}
        with quiet():
            model: Any = AutoModelForImageTextToText.from_pretrained(folder, **options)
            return model.to(where).eval(), AutoProcessor.from_pretrained(folder, local_files_only=True)

    def answer(self, model: Any, image: np.ndarray) -> Mapping[str, str]:
        network, processor = model
        return {aspect: self._ask(network, processor, image, aspect) for aspect in self.params.aspects}

    def _ask(self, model: Any, processor: Any, image: np.ndarray, aspect: str) -> str:
        import torch
        from PIL import Image

        text = self.params.question.replace("{aspect}", aspect).replace("{descriptor}", self.params.descriptor)
        content = [{"type": "image", "image": Image.fromarray(image)}, {"type": "text", "text": text}]
        inputs = processor.apply_chat_template(
            [{"role": "user", "content": content}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        ).to(model.device)
        with torch.no_grad():
            tokens = model.generate(**inputs, max_new_tokens=self.params.max_tokens, do_sample=False)
        return processor.batch_decode(tokens[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)[0]
