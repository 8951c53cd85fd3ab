"""Ways to the penalty's parameter gradient, exact and cheaper.

For a sample with sources k, the penalty P is the energy (`Form`) of the gradients oₖ ⊙ ∂sₖ/∂x, with sₖ the scalar of a
source's label and oₖ = 1 - mask. Costs are in plain steps of one forward and one backward pass, for two sources.

- `exact` (3.0; with one source 2.0): the gradient of P itself. The reference, and cheap enough for small networks.
- `random-source` (2.0): unbiased where the sources do not overlap outside of their masks; the noise grows with the
  number of sources. The default choice for CutMix and its like on large networks.
- `rademacher` (2.3): unbiased, overlap or not; its value is exact, its gradient has the noise of the cross terms. For
  soft masks (PuzzleMix).
- `perturbation` (2.0, first order only): unbiased for small fields; for finite ones the gradient of a finite reliance.
  For networks without second derivatives, for compiled models, and where a score is locally flat and reliant all the
  same.

A share of the samples, each k-th step only, and their products with these are options of the regularizer.

Left out because they are wrong where they look right, as measured against `exact`:

- Finite differences of the parameter gradient along the masked input gradient: on ReLU networks the cosine is 0.4 to
  0.9 at every step width, because the line crosses kinks. (Penalties on a loss's own gradient offer them as
  `shifted-step`, which refuses such networks.)
- `is_grads_batched`, and forward-mode differentiation through batch normalisation in training mode: wrong without an
  error.
- One backward pass of randomly signed scalars with everything squared: biased, since it penalises each class on its own
  target, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ...base import torch
from ...contracts import Source, in_fp32, input_gradient, on_device
from .blocks import random_field
from .form import Form, total

if TYPE_CHECKING:
    from torch import Generator, Tensor


def exact(logits: Tensor, inputs: Tensor, sources: Sequence[Source], form: Form, generator: Generator | None) -> Tensor:
    """Returns the energy of each sample, (B,): one input gradient with a graph for each source."""
    outside = form.outside(sources, generator)
    scalars = form.scalars(logits, sources, generator)
    return form.energy(
        [mask * input_gradient(scalar.sum(), inputs) for scalar, mask in zip(scalars, outside, strict=True)]
    )


def random_source(
    logits: Tensor, inputs: Tensor, sources: Sequence[Source], form: Form, generator: Generator | None
) -> Tensor:
    """Returns an estimate of each sample's energy, (B,), from one of the sources that guide it, drawn uniformly.

    The energy of the drawn source counts as often as there are sources that guide the sample. Its expectation is
    the sum of the sources' energies, which is P where no element is outside of two masks, as in CutMix, and for blocks
    of several elements always.
    """
    outside = form.outside(sources, generator)
    scalars = form.scalars(logits, sources, generator)
    drawn, count = draw_source(sources, generator)
    scalar = total(share * one for share, one in zip(drawn, scalars, strict=True))
    gradient = input_gradient(scalar.sum(), inputs)
    return count * form.energy([pick(outside, drawn) * gradient])


def rademacher(
    logits: Tensor, inputs: Tensor, sources: Sequence[Source], form: Form, generator: Generator | None
) -> Tensor:
    """Returns each sample's energy, (B,), exact in value, with an unbiased parameter gradient.

    With random signs εₖ for each sample, the gradients of all sources come from one backward pass of Σₖ εₖ sₖ with a
    graph and one without for each source but the last. Where wₖ = ∂P/∂(∂sₖ/∂x), the parameter gradient
    Σₖ ⟨wₖ, ∂²sₖ/∂θ∂x⟩ is the expectation of that of ⟨Σₖ εₖ wₖ, ∂(Σₖ εₖ sₖ)/∂x⟩.
    """
    outside = form.outside(sources, generator)
    scalars = form.scalars(logits, sources, generator)
    signs = on_device(torch.randint(2, (len(sources), len(inputs)), generator=generator), inputs) * 2.0 - 1
    combined = input_gradient(total(sign * one for sign, one in zip(signs, scalars, strict=True)).sum(), inputs)
    wide = [sign.view(-1, *[1] * (inputs.ndim - 1)) for sign in signs]
    single = [_first_order(scalar, inputs) for scalar in scalars[:-1]]
    known = [sign * gradient for sign, gradient in zip(wide, single, strict=False)]
    single.append(wide[-1] * (combined.detach() - total(known) if known else combined.detach()))
    energy, weights = _energy_and_gradient(form, outside, single)
    direction = total(sign * weight for sign, weight in zip(wide, weights, strict=True))
    surrogate = (direction * combined).flatten(1).sum(dim=1)
    return energy + surrogate - surrogate.detach()


def perturbation(
    logits: Tensor,
    inputs: Tensor,
    sources: Sequence[Source],
    form: Form,
    generator: Generator | None,
    *,
    model: Callable[[Tensor], Tensor],
    size: float,
) -> Tensor:
    """Returns an estimate of each sample's energy, (B,), from one forward pass of `model` on changed inputs.

    A field of random signs, constant over blocks and of height `size`, is added outside the mask of one source, drawn
    as in `random_source`; the energy is (the change of its scalar / `size`)². For small fields its expectation is the
    energy by that block size; for finite ones it measures a reliance that a locally flat score does not hide. With
    several block sizes each call draws one. No second derivatives are taken.
    model: maps inputs to logits as in the pass that gave `logits`, with the same dropout. size: in input units, or in
    pixels in [0, 1] where `form.unit` is given.
    """
    place = int(torch.randint(len(form.blocks), (), generator=generator)) if len(form.blocks) > 1 else 0
    field = on_device(random_field(inputs.shape, form.blocks[place], generator), inputs)
    counted = inputs.shape[1] if form.channels is None else len(form.channels)
    if form.channels is not None:
        chosen = torch.zeros(inputs.shape[1])
        chosen[list(form.channels)] = 1
        field = field * on_device(chosen, inputs).view(1, -1, *[1] * (inputs.ndim - 2))
    if form.unit is not None:
        field = field / form.unit.view(1, -1, *[1] * (inputs.ndim - 2))
    drawn, count = draw_source(sources, generator)
    changed = inputs.detach() + size * field * pick(form.outside(sources, generator), drawn)
    state = generator.get_state() if generator is not None else None
    before = form.scalars(logits, sources, generator)
    if generator is not None and state is not None:
        generator.set_state(state)  # the same random signs of `all-logits` before and after
    after = form.scalars(model(changed.to(inputs.dtype)), sources, generator)
    change = total(share * (in_fp32(new) - in_fp32(old)) for share, new, old in zip(drawn, after, before, strict=True))
    weight = form.weight((len(inputs), counted, *inputs.shape[2:]), form.blocks[place])
    return count * weight * (change / size).square()


def draw_source(sources: Sequence[Source], generator: Generator | None) -> tuple[Tensor, Tensor]:
    """Returns, for each sample, one of the sources that guide it: (K, B) of 0 and 1, and their number, (B,) float."""
    guides = torch.stack([source.guided for source in sources]).float()
    count = guides.sum(dim=0)
    uniform = on_device(torch.rand(guides.shape[1], generator=generator), guides)
    rank = (uniform * count).floor()
    ordinal = guides.cumsum(dim=0) - 1
    return guides * (ordinal == rank), count


def pick(values: Sequence[Tensor], drawn: Tensor) -> Tensor:
    """Returns, for each sample, the value (B, 1, *spatial) of its drawn source; zero where none is drawn."""
    spatial = [1] * (values[0].ndim - 1)
    return total(share.view(-1, *spatial) * value for share, value in zip(drawn, values, strict=True))


def _energy_and_gradient(
    form: Form, outside: Sequence[Tensor], gradients: Sequence[Tensor]
) -> tuple[Tensor, Sequence[Tensor]]:
    """Returns the energy (B,) of detached input gradients, one a source, and its gradient by each of them."""
    leaves = [gradient.detach().requires_grad_() for gradient in gradients]
    with torch.enable_grad():
        energy = form.energy([mask * leaf for mask, leaf in zip(outside, leaves, strict=True)])
        return energy.detach(), torch.autograd.grad(energy.sum(), leaves)


def _first_order(scalar: Tensor, inputs: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(scalar.sum(), inputs, retain_graph=True)
    return in_fp32(gradient)
