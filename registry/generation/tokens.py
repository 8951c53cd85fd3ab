"""Prompts as tokens: whether they fit, and which of them are the class's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..base import UserError

NO_LIMIT = 10**6
"""A tokenizer that knows no limit says a larger one."""


def limit(pipeline: Any) -> int:
    """Returns the number of tokens of a prompt, those at its beginning and end included, that the model reads."""
    own = int(pipeline.tokenizer.model_max_length)
    return own if own < NO_LIMIT else int(pipeline.text_encoder.config.max_position_embeddings)


def check_prompts(pipeline: Any, prompts: Iterable[str]) -> None:
    """Raises `UserError` naming a prompt that has more tokens than the model reads."""
    most = limit(pipeline)
    for prompt in dict.fromkeys(prompts):
        count = len(pipeline.tokenizer(prompt, truncation=False, verbose=False).input_ids)
        if count > most:
            raise UserError(
                f"the prompt {prompt!r} has {count} tokens, and the model reads {most}: shorten the template or the "
                "captions, or set long_prompts: truncate, which cuts off its end as the papers' code does"
            )


def places_of(pipeline: Any, prompt: str, word: str) -> list[int]:
    """Returns where the tokens of a word, such as a class's name, are in a prompt: every occurrence.

    Raises `UserError` where the part of the prompt that the model reads does not contain the word.
    """
    most = limit(pipeline)
    within = list(pipeline.tokenizer(prompt, truncation=True, max_length=most).input_ids)
    wanted = list(pipeline.tokenizer(word, add_special_tokens=False).input_ids)
    starts = [at for at in range(len(within)) if within[at : at + len(wanted)] == wanted] if wanted else []
    if not starts:
        raise UserError(
            f"the prompt {prompt!r} does not contain the tokens of {word!r}, so its attention cannot be measured: "
            "put {class} between spaces, and near the beginning of a long prompt"
        )
    return sorted({place for start in starts for place in range(start, start + len(wanted))})
