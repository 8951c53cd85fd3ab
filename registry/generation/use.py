"""A seam's plugin as a parameter: `lora`, or `{name: lora, rank: 16}`, resolved to all of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from ..base import UserError
from ..core import CONTEXTS, DEFAULT_VERSION, FILTERS, GENERATORS, IMAGE_SAMPLERS, LABELS, PROMPTS, TUNERS, Registry
from ..params import implied, validate_params


def resolve(registry: Registry, value: Any) -> dict[str, Any]:
    """Returns the plugin's name with every one of its parameters, and its version unless that is "1".

    Parameters that came later than the plugin are left out at defaults that change nothing, as in run keys. Raises
    `ValueError`, which pydantic reports with the field's name.
    """
    given = {"name": value} if isinstance(value, str) else value
    if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
        raise ValueError(f"must be the name of a {registry.kind}, or a mapping with a name (got {value!r})")
    name, known = given["name"], {key: one for key, one in given.items() if key not in ("name", "version")}
    try:
        plugin, version = registry.get(name), registry.version(name)
        params = validate_params(plugin.Params, known, f"{registry.kind} {name}")
    except UserError as error:
        raise ValueError(str(error)) from None
    if given.get("version", version) != version:
        raise ValueError(f"{registry.kind} {name} has version {version} (got {given['version']!r})")
    left_out = set(implied(params))
    own = {} if version == DEFAULT_VERSION else {"version": version}
    return {"name": name, **own, **params.model_dump(mode="json", exclude=left_out)}


def build(registry: Registry, use: Mapping[str, Any]) -> Any:
    """Returns the plugin that `resolve` described."""
    values = {key: value for key, value in use.items() if key not in ("name", "version")}
    return registry.build(str(use["name"]), **values)


def _resolver(registry: Registry) -> BeforeValidator:
    return BeforeValidator(lambda value: resolve(registry, value), json_schema_input_type=str | dict[str, Any])


ContextUse = Annotated[dict[str, Any], _resolver(CONTEXTS)]
TunerUse = Annotated[dict[str, Any], _resolver(TUNERS)]
PromptsUse = Annotated[dict[str, Any], _resolver(PROMPTS)]
SamplerUse = Annotated[dict[str, Any], _resolver(IMAGE_SAMPLERS)]
FilterUse = Annotated[dict[str, Any], _resolver(FILTERS)]
LabelsUse = Annotated[dict[str, Any], _resolver(LABELS)]
GeneratorUse = Annotated[dict[str, Any], _resolver(GENERATORS)]
