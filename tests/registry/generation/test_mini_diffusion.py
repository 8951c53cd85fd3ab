"""The shipped generator in the synthesizer `generated`."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from provbench.registry import GENERATORS, SYNTHESIZERS

from .conftest import Drawn

PLACED = "a bird photo of a {class} in the {background} background"


def test_it_says_what_it_is(drawn: Drawn, tmp_path: Path) -> None:
    shipped, other = GENERATORS.build("mini-diffusion"), GENERATORS.build("mini-diffusion", folder=str(tmp_path / "no"))

    assert shipped.size == 32
    assert shipped.missing_inputs(drawn) == []
    assert shipped.identity.startswith("mini-diffusion@")
    assert len(shipped.fingerprint(drawn)) == 64
    assert "no such file" in other.missing_inputs(drawn)[0]


@pytest.mark.slow
def test_tuning_changes_what_is_drawn(drawn: Drawn, tmp_path: Path) -> None:
    def images(name: str, tuner: Any) -> np.ndarray:
        made = SYNTHESIZERS.build(
            "generated",
            generator="mini-diffusion",
            context="exact",
            tuner=tuner,
            prompts="bank",
            sampler={"name": "text-to-image", "steps": 2},
            template=PLACED,
            per_class=1,
            provenance="attention",
        )
        folder = tmp_path / name
        folder.mkdir()
        made.synthesize(drawn, folder, lambda done, total: None)
        assert len(list((folder / "masks").iterdir())) == 2
        return np.stack([np.asarray(Image.open(path)) for path in sorted((folder / "images").iterdir())])

    tuner = {"name": "lora", "max_steps": 3, "epochs": None, "warmup": 0, "lr": 1e-2, "batch_size": 2}
    plain, tuned, again = images("plain", "none"), images("tuned", tuner), images("again", tuner)

    assert plain.shape == (2, 32, 32, 3)
    assert (plain != tuned).any()
    assert (tuned == again).all()
