"""The small text-to-image generator of the drawn world: its parts, its weights, and what loads them.

All of it is diffusers' and transformers' own but `folding`, an autoencoder without weights. A change to the parts
needs new weights: `provbench.tools.pretraining.mini_diffusion` makes them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
