"""New tokens for classes, alone or together with low-rank adapters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ...contracts import TrainingSet
from ..adapters import LORA_FOLDER
from ..schedule import TuningParams, state_file
from ..seams import Adapter, Generator, Progress, Tuner, Tuning
from .lora import Lora, LoraParams
from .units import images_of

if TYPE_CHECKING:
    from ..trainable import Trainable

FILE = f"{LORA_FOLDER}/tokens.safetensors"


def token(label: int, number: int) -> str:
    """Returns the text of a class's token, which no other text contains."""
    return f"<class-{label}-{number}>"


def words_of(classes: int, vectors: int, initial: str) -> dict[str, str]:
    """Returns every token with the word that it begins as."""
    return {token(label, number): initial for label in range(classes) for number in range(vectors)}


class TextualInversionParams(TuningParams):
    lr: float = Field(5e-4, gt=0, description="greatest learning rate")
    vectors: int = Field(1, ge=1, description="tokens of each class")
    initial: str = Field("object", min_length=1, description="word whose embedding the tokens begin with")


class TextualInversion(Tuner):
    """Learn tokens that stand for the classes, and leave the model as it is.

    All classes are learned together: a token's embedding gets gradients from the images of its class alone.

    Sources: Gal et al., "An Image is Worth One Word" (ICLR 2023); DA-Fusion (Trabucco et al., ICLR 2024).
    """

    Params = TextualInversionParams
    params: TextualInversionParams

    def word(self, label: int, name: str) -> str:
        return " ".join(token(label, number) for number in range(self.params.vectors))

    def units(self, data: TrainingSet) -> int:
        return 1

    def steps(self, data: TrainingSet) -> int:
        return self.params.steps_for(len(data))

    def tune(self, generator: Generator, tuning: Tuning, unit: int, progress: Progress) -> None:
        if (tuning.folder / FILE).is_file():
            return
        from ..trainable import Tokens
        from ..training import Examples, load_to_train, train

        pipeline, indices = load_to_train(generator), images_of(tuning.data, "dataset", unit)
        examples = Examples(tuning, indices, self.params, generator.size)
        words = words_of(tuning.data.num_classes, self.params.vectors, self.params.initial)
        part = Tokens(pipeline, tuning.folder / FILE, words)
        train(pipeline, [part], examples, self.params, state_file(tuning, "tokens", unit), progress)
        part.save()
        state_file(tuning, "tokens", unit).unlink(missing_ok=True)

    def adapter(self, data: TrainingSet, label: int, copy: int, seed: int) -> Adapter:
        return Adapter(embeddings=FILE)


class TokensAndLoraParams(LoraParams):
    vectors: int = Field(1, ge=1, description="tokens of each class")
    initial: str = Field("object", min_length=1, description="word whose embedding the tokens begin with")
    rank: int = Field(10, ge=1, description="rank of the matrices")
    text_encoder: bool = Field(False, description="whether the text encoder's attention is tuned, too")
    lr: float = Field(5e-5, gt=0, description="greatest learning rate, of tokens and matrices")
    epochs: int | None = Field(None, ge=1, description="passes over the images")
    max_steps: int | None = Field(35_000, ge=1, description="training steps")
    batch_size: int = Field(2, ge=1, description="images of a step")
    schedule: Literal["cosine", "constant", "linear"] = Field("constant", description="of the learning rate")
    per: Literal["dataset"] = Field("dataset", description="all images share the tokens' embeddings and the matrices")
    flip: bool = Field(True, description="whether half of the images are mirrored")


class TokensAndLora(Lora):
    """Learn tokens for the classes and low-rank matrices of the U-Net together, one of each for the data set.

    Sources: Wang et al., "Enhance Image Classification via Inter-Class Image Mixup with Diffusion Model" (Diff-Mix,
    CVPR 2024), whose code has rank 10, 5e-5, constant, 35,000 steps of batches of 2, random flips; so has Diff-II's.
    """

    Params = TokensAndLoraParams
    params: TokensAndLoraParams

    def word(self, label: int, name: str) -> str:
        return " ".join(token(label, number) for number in range(self.params.vectors))

    def parts(self, pipeline: Any, tuning: Tuning, files: Mapping[int | None, Path], seed: int) -> Iterator[Trainable]:
        from ..trainable import Tokens

        words = words_of(tuning.data.num_classes, self.params.vectors, self.params.initial)
        yield Tokens(pipeline, tuning.folder / FILE, words)
        yield from super().parts(pipeline, tuning, files, seed)

    def adapter(self, data: TrainingSet, label: int, copy: int, seed: int) -> Adapter:
        plain = super().adapter(data, label, copy, seed)
        return Adapter(plain.files, plain.weights, FILE)
