"""A plugin of a method, as a suite names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provbench.registry import Params, Registry, validate_params

from .nested import overridden
from .spec import PluginSpec


@dataclass(frozen=True)
class MethodPart:
    """A plugin of a method, with the parameters that the suite gives it."""

    registry: Registry
    name: str
    values: Mapping[str, Any]
    where: str

    def resolve(self, chosen: Mapping[str, Any]) -> PluginSpec:
        """Returns the plugin with the parameters `NAME.parameter` of `chosen` in place of its own."""
        plugin = self.registry.get(self.name)
        prefix = f"{self.name}."
        mine = {key.removeprefix(prefix): value for key, value in chosen.items() if key.startswith(prefix)}
        params = validate_params(plugin.Params, overridden(self.values, mine), f"{self.where}: {self.name}")
        return PluginSpec.of(plugin, params)

    @property
    def model(self) -> type[Params]:
        return self.registry.get(self.name).Params
