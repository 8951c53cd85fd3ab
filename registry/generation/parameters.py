"""The parameters of the synthesizer `generated`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from ..core import IMAGE_SAMPLERS, PROMPTS
from ..params import Params, tunable
from ..synthesizers import DifferenceParams
from .attention import AttentionParams
from .template import aspects_of, names_class
from .use import ContextUse, FilterUse, GeneratorUse, LabelsUse, PromptsUse, SamplerUse, TunerUse

Count = Annotated[int, Field(ge=0)]


class GeneratedParams(Params):
    generator: GeneratorUse = Field("stable-diffusion", validate_default=True, description="the diffusion model")
    context: ContextUse | None = Field(None, description="where descriptions of training images come from")
    tuner: TunerUse = Field("none", validate_default=True, description="how the model is tuned to the training images")
    prompts: PromptsUse = Field("plain", validate_default=True, description="whose descriptions prompts contain")
    sampler: SamplerUse = Field("text-to-image", validate_default=True, description="how images are drawn")
    filter: FilterUse = Field("none", validate_default=True, description="which images are kept")
    labels: LabelsUse = Field("hard", validate_default=True, description="which labels images have")
    template: str = Field("a photo of a {class}", description="prompt, with {class} and the captions' aspects")
    tuning_template: str | None = Field(
        None, description="prompt of training images while the model is tuned; null: the same"
    )
    class_words: Literal["raw", "spaces"] = Field(
        "raw", description="class names as the data set has them, or with spaces instead of underscores"
    )
    long_prompts: Literal["refuse", "truncate"] = Field(
        "refuse", description="what is done with prompts that have more tokens than the model reads"
    )
    per_class: Count | tuple[Count, ...] | None = tunable(
        100, choices=(50, 100, 200), description="images of each class, or a number for each; null: as per_image says"
    )
    per_image: int | None = Field(None, ge=1, description="images for each training image of the class")
    tries: int = Field(1, ge=1, description="images that are drawn, at most, until the filter keeps one")
    batch_size: int = Field(8, ge=1, description="images that are drawn together; halved where memory is short")
    provenance: Literal["none", "attention", "difference", "exact"] = Field(
        "none",
        description="masks: from the model's attention to the class's tokens, from the difference to the edited "
        "image, or of a target whose pixels stayed",
    )
    attention: AttentionParams = Field(AttentionParams.model_validate({}), description="which attention is collected")
    difference: DifferenceParams = Field(
        DifferenceParams.model_validate({}),
        description="how edits are compared with their sources",
    )
    same_noise: bool = Field(False, description="whether images of the same number have the same noise in every class")
    seed: int = Field(0, ge=0, description="of captions, tuning, prompts and noises; not the seed of a run")

    @field_validator("template", "tuning_template")
    @classmethod
    def _is_template(cls, template: str | None) -> str | None:
        aspects_of(template or "")
        return template

    @model_validator(mode="after")
    def _fits(self) -> GeneratedParams:
        if (self.per_class is None) == (self.per_image is None):
            raise ValueError("give per_class, or per_class: null and per_image")
        sampler, policy = IMAGE_SAMPLERS.get(self.sampler["name"]), PROMPTS.get(self.prompts["name"])
        if self.provenance == "difference" and not sampler.edits:
            raise ValueError(f"provenance: difference needs a sampler that edits images (got {self.sampler['name']})")
        if self.provenance == "exact" and not sampler.locks_target:
            raise ValueError(f"provenance: exact needs a sampler that keeps the target (got {self.sampler['name']})")
        if self.provenance == "attention" and not names_class(self.template):
            raise ValueError("provenance: attention needs {class} in the template")
        needs = self.tuning_aspects or (aspects_of(self.template) if policy.needs_captions else ())
        if needs and self.context is None:
            raise ValueError(f"the template names {{{needs[0]}}}, so a context is needed: caption-file, exact, vlm, …")
        return self

    @property
    def tuning_aspects(self) -> tuple[str, ...]:
        """Returns the aspects that training captions name; () if nothing is tuned."""
        return () if self.tuner["name"] == "none" else aspects_of(self.tuning_template or self.template)
