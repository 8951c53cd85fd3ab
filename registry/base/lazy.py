"""torch, imported at its first use.

Plugins declare their parameters in the same file as their code, and `provbench plan` reads the parameters of every
plugin in milliseconds: importing a plugin must not import torch. Write `from ..lazy import torch` where the module
needs torch only inside functions.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch as torch
    import torch.nn.functional as functional
else:

    class _LazyModule(ModuleType):
        def __getattr__(self, name: str) -> Any:
            return getattr(importlib.import_module(self.__name__), name)

    torch = _LazyModule("torch")
    functional = _LazyModule("torch.nn.functional")
