"""The driver: feeds runs to an executor, takes their records into the store, and survives whatever happens.

One driver per output folder; it alone writes the store and the studies. What it tells others goes through `Observer`;
what it leaves on disk is described here, for `gc`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
