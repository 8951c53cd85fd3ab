"""A regularizer that makes the loss infinite after some steps, and an augmentation that raises."""

from provbench.registry import AUGMENTATIONS, REGULARIZERS, Augmentation, Params, Regularizer


class ExplodeParams(Params):
    factor: float = 1e30


class Explode(Regularizer):
    """Multiplies the logits until they overflow."""

    second_order = False
    Params = ExplodeParams
    params: ExplodeParams

    def penalty(self, logits, batch, generator):
        return (logits * self.params.factor).square().sum()


class Refuse(Augmentation):
    """Raises at the first batch."""

    def __call__(self, batch, generator, model):
        raise ZeroDivisionError("no batch is good enough")


REGULARIZERS.add("explode", Explode)
AUGMENTATIONS.add("refuse", Refuse)
