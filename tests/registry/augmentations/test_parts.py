"""Mixing inside the parts of a batch, by a choice of two, and of samples with several labels."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from provbench.registry import AUGMENTATIONS, Batch, Source

MADE = torch.tensor([False, True, False, True, True, False])


def no_model(inputs: Tensor) -> Tensor:
    raise AssertionError("mixing asks no model")


def batch(synthetic: Tensor | None = MADE) -> Batch:
    """Real samples have inputs below 100 and labels below 10, synthetic ones inputs and labels above."""
    made = torch.zeros(6, dtype=torch.bool) if synthetic is None else synthetic
    labels = torch.arange(6) + 10 * made
    inputs = (torch.arange(6.0) + 100 * made).view(-1, 1, 1, 1).expand(6, 3, 16, 16).clone()
    mask, guided = torch.ones(6, 1, 16, 16), torch.zeros(6, dtype=torch.bool)
    return Batch(inputs, (Source(labels, torch.ones(6), mask, guided),), tuple("abcdef"), synthetic)


@pytest.mark.parametrize(
    ("name", "params"),
    [("cutmix", {"within": "parts"}), ("mixup", {"within": "parts"}), ("cutmix-or-mixup", {"prob": 1.0})],
)
def test_each_part_is_mixed_with_itself(name: str, params: dict[str, object]) -> None:
    augmentation, seen = AUGMENTATIONS.build(name, **params), set()
    for seed in range(12):
        mixed = augmentation(batch(), torch.Generator().manual_seed(seed), no_model)
        assert mixed.ids == tuple("abcdef")
        assert mixed.synthetic is not None
        assert torch.equal(mixed.synthetic, MADE)
        torch.testing.assert_close(sum(one.weight for one in mixed.sources), torch.ones(6))
        for source in mixed.sources:
            assert torch.equal((source.labels >= 10)[source.weight > 0], MADE[source.weight > 0])
            seen.add(bool(source.guided.any()))
        assert torch.equal(mixed.inputs.amax(dim=(1, 2, 3)) >= 100, MADE)
        assert torch.equal(mixed.inputs.amin(dim=(1, 2, 3)) >= 100, MADE)
    assert seen == ({True} if name == "cutmix" else {False} if name == "mixup" else {True, False})


@pytest.mark.parametrize("name", ["cutmix", "mixup"])
def test_by_default_nothing_has_changed(name: str) -> None:
    plain, parts = AUGMENTATIONS.build(name), AUGMENTATIONS.build(name, within="parts")
    one = plain(batch(None), torch.Generator().manual_seed(5), no_model)
    other = parts(batch(None), torch.Generator().manual_seed(5), no_model)

    assert torch.equal(one.inputs, other.inputs)
    assert all(torch.equal(a.labels, b.labels) for a, b in zip(one.sources, other.sources, strict=True))
    assert "within" not in str(AUGMENTATIONS.get(name).Params.model_fields["within"].is_required())


def test_a_share_of_the_batches_is_mixed_and_both_ways_occur() -> None:
    augmentation = AUGMENTATIONS.build("cutmix-or-mixup")
    outs = [augmentation(batch(), torch.Generator().manual_seed(seed), no_model) for seed in range(400)]
    mixed = [one for one in outs if len(one.sources) > 1]

    assert abs(len(mixed) / 400 - 0.2) < 0.06
    guided = [torch.stack([source.guided for source in one.sources]).any(dim=0) for one in mixed]
    kinds = {(bool(one[~MADE].any()), bool(one[MADE].any())) for one in guided}
    assert kinds == {(False, False), (False, True), (True, False), (True, True)}


def test_a_part_of_one_sample_stays_as_it_is() -> None:
    alone = torch.tensor([True, False, False, False, False, False])
    mixed = AUGMENTATIONS.build("cutmix", within="parts")(batch(alone), torch.Generator().manual_seed(0), no_model)

    assert torch.equal(mixed.inputs[0], batch(alone).inputs[0])
    assert [float(one.weight[0]) for one in mixed.sources] == [1.0, 0.0]


def test_samples_of_several_labels_keep_their_shares() -> None:
    first = batch(None).sources[0]
    second = Source(first.labels + 20, torch.full((6,), 0.25), first.mask, first.guided)
    mixes = Batch(batch(None).inputs, (Source(first.labels, torch.full((6,), 0.75), first.mask, first.guided), second))

    mixed = AUGMENTATIONS.build("cutmix")(mixes, torch.Generator().manual_seed(1), no_model)

    own = mixed.sources[0].weight / 0.75
    torch.testing.assert_close(mixed.sources[1].weight, 0.25 * own)
    torch.testing.assert_close(mixed.sources[2].weight, 0.75 * (1 - own))
    torch.testing.assert_close(sum(one.weight for one in mixed.sources), torch.ones(6))
    pair = (own > 0) & (own < 1) & (mixed.sources[2].labels != first.labels)
    assert torch.equal(mixed.sources[0].guided, pair)
    assert torch.equal(mixed.sources[0].mask + mixed.sources[2].mask, torch.ones(6, 1, 16, 16))


def test_a_label_on_both_sides_guides_nothing() -> None:
    base = batch(None)
    labels = torch.zeros(6, dtype=torch.int64)
    half, nothing = torch.full((6,), 0.5), base.sources[0].guided
    mixes = Batch(
        base.inputs, tuple(Source(of, half, base.sources[0].mask, nothing) for of in (labels, torch.arange(6) + 1))
    )

    mixed = AUGMENTATIONS.build("cutmix")(mixes, torch.Generator().manual_seed(1), no_model)

    assert not mixed.sources[0].guided.any()
    assert not mixed.sources[2].guided.any()
    assert mixed.sources[1].guided.any()
