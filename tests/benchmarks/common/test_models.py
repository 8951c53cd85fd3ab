"""What is known of a network before it is built."""

import pytest

from provbench.benchmarks.common import check_model, models
from provbench.registry import UserError


@pytest.mark.parametrize(
    ("model", "weights", "words"),
    [
        ("deit-x", None, "model: unknown model 'deit-x': did you mean 'deit-s'"),
        (
            "clip-vit-b16",
            "IMAGENET1K_V1",
            r"weights: clip-vit-b16 has openai/clip-vit-base-patch16 or null .*got 'IMAG",
        ),
        (
            "tiny-clip",
            "openai/clip-vit-base-patch16",
            "weights: tiny-clip has no pretrained weights, so it must be null",
        ),
        ("deit-s", "none", "weights: 'none' is text; for random weights write null"),
    ],
)
def test_models_and_weights_that_cannot_be(model: str, weights: str | None, words: str) -> None:
    with pytest.raises(UserError, match=words):
        check_model(model, weights)


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    check_model("clip-vit-b16", "openai/clip-vit-base-patch16")
    monkeypatch.setattr(models, "find_spec", lambda package: None if package == "peft" else object())
    with pytest.raises(UserError, match=r"model: clip-vit-b16 needs peft: pip install 'provbench\[transformers\]'"):
        check_model("clip-vit-b16")
