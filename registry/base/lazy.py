"""torch, imported at its first use.

Plugins declare their parameters in the same file as their code, and `provbench plan` reads the parameters of every
plugin in milliseconds: importing a plugin must not import torch. Write `from ..lazy import torch` where the module
needs torch only inside functions.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def hidden(*libraries: str) -> Iterator[None]:
    """Lets imports in the block find none of these libraries, as far as they have not been imported before.

    For libraries that another one imports where it finds them, and that are not used through it.
    """
    absent = [name for name in libraries if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)
