"""Task `ucf101-24`: weakly supervised spatio-temporal action localisation from keypoints."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
