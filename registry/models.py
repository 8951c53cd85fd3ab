"""The protocols that a network must implement, and the one place where networks are built by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from .base import UnknownNameError, UserError
from .core import MODELS

if TYPE_CHECKING:
    from torch import Tensor, nn


class NetworkBuilder(Protocol):
    """A class or function that is registered in `MODELS` and builds a network.

    Its first argument is the number of classes, K. The other arguments are keywords, and it names only those that it
    wants; any of its own need defaults. Tasks on images offer:

    weights: the name of pretrained weights (`IMAGENET1K_V1`), or None for random ones. A builder without this argument
    has no pretrained weights, and a run that asks for some is refused.
    weights_dir: the folder of the data root where weight files lie. Nothing is downloaded.
    image_size: the side of the square inputs in pixels.
    class_names: the names of the classes, in the order of their numbers.
    class_prompt: a text on an image of a class, with `{}` in the place of the class's name.
    normalization: mean and standard deviation, (C,) each, by which pixels in [0, 1] are normalised.

    Tasks on keypoints offer `people`: how many instances in a row are those of one frame.
    Further keywords are the builder's own, which users set by the parameter `model_options`.
    Random weights come from torch's global generator, which is seeded before.
    """

    def __call__(self, num_classes: int, /, **options: Any) -> nn.Module: ...


@runtime_checkable
class Classifier(Protocol):
    """Protocol of every network: a call that maps inputs (B, C, *spatial), normalised, to logits (B, K).

    Penalties of the second order differentiate the logits twice, so every layer must allow that.
    """

    def __call__(self, inputs: Tensor, /) -> Tensor: ...


@runtime_checkable
class PartlyNew(Classifier, Protocol):
    """A network that says which of its parameters are new, such as those of a last layer on a pretrained trunk.

    A network without this method has no new parameters.
    """

    def new_parameters(self) -> Iterable[nn.Parameter]:
        """Returns the parameters that learn `head_lr_scale` times as fast as the others; each is one of
        `parameters()`. They have no pretrained weights, or are to learn as if they had none."""
        ...


class ParameterGroup(NamedTuple):
    """Parameters that learn alike. lr_scale: their learning rate in units of the recipe's. decays: whether weight decay
    applies to them."""

    parameters: Sequence[nn.Parameter]
    lr_scale: float = 1.0
    decays: bool = True


@runtime_checkable
class GroupedNetwork(Classifier, Protocol):
    """A network whose parameters do not all learn and decay alike.

    In a network without this method all do, but for `new_parameters`.
    """

    def parameter_groups(self, layer_decay: float) -> Sequence[ParameterGroup]:
        """Returns the parameters that learn, each in one group. layer_decay: in (0, 1]; each layer learns so many times
        as fast as the next one, the last as fast as the recipe says. `new_parameters` are scaled in addition."""
        ...


@runtime_checkable
class SelfTaught(Classifier, Protocol):
    """A network whose training has loss terms of its own, whatever the labels."""

    def logits_and_losses(self, inputs: Tensor) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Maps inputs (B, C, *spatial) to logits (B, K) and the terms by name, scalars that are added to the loss with
        their weights included, from one pass. Called in training in place of the network itself."""
        ...


@runtime_checkable
class FeatureNetwork(Classifier, Protocol):
    """A network that shows its features."""

    def feature_maps(self, inputs: Tensor) -> Tensor:
        """Maps inputs (B, C, H, W) to the last features before pooling, (B, D, h, w)."""
        ...


@runtime_checkable
class ScoreMapNetwork(Classifier, Protocol):
    """A network that localises: it scores every place of an image for a class."""

    def logits_and_scoremaps(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Maps inputs (B, C, H, W) and labels (B,) to logits (B, K) and the labels' score maps (B, h, w), of any scale
        and resolution, from one pass."""
        ...


@runtime_checkable
class InstanceNetwork(Classifier, Protocol):
    """A network on keypoints that scores single people."""

    def instance_logits(self, inputs: Tensor) -> Tensor:
        """Maps inputs (B, C, N, J) to the logits (B, N, K) of every instance by itself."""
        ...


OFFERED = ("num_classes", "weights", "weights_dir", "image_size", "class_names", "class_prompt", "normalization")
"""Arguments of builders that tasks set; users set the others."""
LACKS: Mapping[type, str] = {
    FeatureNetwork: "shows no features (feature_maps); vgg16-cam does, for one",
    ScoreMapNetwork: "makes no class activation maps (logits_and_scoremaps); vgg16-cam does, for one",
    InstanceNetwork: "does not score single people (instance_logits); skp does, for one",
}
"""Messages about a network that lacks the methods of a protocol."""


def build_network(
    name: str,
    num_classes: int,
    *,
    offers: type = Classifier,
    model_options: Mapping[str, Any] | None = None,
    **options: Any,
) -> nn.Module:
    """Returns a new network of the model registered as `name`. The builder gets those of `options` that it names.

    offers: the protocol that the network must have. model_options: keywords of the builder that the user sets; each
    must be one that it names. An option that is a function is called for its value only where the builder names it.
    Raises `UserError` that begins with `model`, `weights` or `model_options`: for a name that is not registered,
    pretrained weights that the model cannot have, options that it does not have or refuses, a builder that needs other
    arguments, and a network that lacks a method of the protocol.
    """
    try:
        builder: NetworkBuilder = MODELS.get(name)
    except UserError as error:
        raise UserError(f"model: {error}") from None
    network = _built(name, builder, num_classes, _wanted(name, builder, options), model_options or {})
    if not hasattr(network, "named_parameters"):
        raise UserError(f"model: {name} must build a torch.nn.Module (got {type(network).__name__})")
    if not isinstance(network, offers):
        raise UserError(f"model: {name} {LACKS.get(offers, f'lacks methods of {offers.__name__}')}")
    return network


def _built(
    name: str, builder: Callable[..., Any], num_classes: int, wanted: Mapping[str, Any], own: Mapping[str, Any]
) -> Any:
    """Returns what the builder makes of the options offered and the user's own."""
    if not own:
        return builder(num_classes, **wanted)
    known = sorted(_keywords(builder) - set(OFFERED))
    for option in own:
        if option not in known:
            error = UnknownNameError(f"option of {name}", option, known)
            raise UserError(f"model_options: {error}")
    try:
        return builder(num_classes, **wanted, **own)
    except (TypeError, ValueError) as error:
        raise UserError(f"model_options: {name} refuses {dict(own)}: {error}") from error


def _keywords(builder: Callable[..., Any]) -> set[str]:
    """Returns the names of the arguments that can be given by keyword."""
    kinds = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return {one.name for one in list(inspect.signature(builder).parameters.values()) if one.kind in kinds}


def _wanted(name: str, builder: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options that the builder names. Raises `UserError` for weights that it does not."""
    signature = inspect.signature(builder)
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values()):
        wanted = dict(options)
    else:
        wanted = {option: value for option, value in options.items() if option in _keywords(builder)}
    if "weights" not in wanted and options.get("weights") is not None:
        raise UserError(f"weights: {name} has no pretrained weights, so it must be null (got {options['weights']!r})")
    try:
        signature.bind(0, **wanted)
    except TypeError as error:
        raise UserError(f"model: {name} cannot be built with num_classes, {', '.join(options)}: {error}") from None
    return {option: value() if callable(value) else value for option, value in wanted.items()}
