"""The one training loop, on mmengine's Runner: by one process, or by several together."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
