"""The ground floor: what every part of provbench stands on, and what itself stands on nothing of provbench.

Errors that users can act on and the words for them, lazy imports of torch, files that are whole or absent, checksums
and digests, lock holders, image and mask files, tensors on disk, escaped text, and what a variant of data is.
Everything above may import from here; nothing here imports from above. Add a helper here as soon as two packages need
it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
