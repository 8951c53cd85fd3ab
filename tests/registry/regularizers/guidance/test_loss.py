"""The guidance loss refuses what does not fit; its values are tested by estimator and by form."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from provbench.registry import Source
from provbench.registry.regularizers.guidance import guidance_loss


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("mask", torch.ones(3, 4, 4), r"Source.mask must have the shape \(3, 1, 4, 4\) .* \(got \(3, 4, 4\)\)"),
        ("mask", torch.ones(3, 1, 2, 2), r"Source.mask must have the shape"),
        ("labels", torch.zeros(2, dtype=torch.long), r"Source.labels must have the shape \(3,\)"),
        ("guided", torch.ones(3), r"Source.guided must be bool \(got torch.float32\)"),
    ],
)
def test_a_source_that_does_not_fit_its_inputs_is_refused_and_not_broadcast(
    field: str, value: torch.Tensor, message: str
) -> None:
    inputs = torch.rand(3, 3, 4, 4, requires_grad=True)
    whole = Source.whole(torch.zeros(3, dtype=torch.long), inputs)
    assert guidance_loss(inputs.sum(dim=(2, 3)), inputs, [whole]) == 0
    with pytest.raises(ValueError, match=message):
        guidance_loss(inputs.sum(dim=(2, 3)), inputs, [replace(whole, **{field: value})])
