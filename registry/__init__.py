"""The plugin system and the provenance contract: what plugin authors import.

>>> from provbench.registry import AUGMENTATIONS
>>> "cutmix" in AUGMENTATIONS
True
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
