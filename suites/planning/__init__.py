"""Turns a suite into cells and run specifications: names resolved, parameters validated, data fingerprinted.

`Plan`, `Cell` and `RunSpec`; a run's key is computed here. Imports no torch, trains nothing, writes nothing but
synthetic sets. What a number depends on must be part of `RunSpec.identity`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
