"""The mathematics of gradient guidance, as pure functions of tensors.

`loss.guidance_loss` is the whole; `scalars` says what is differentiated, `masks` where, `blocks` over which patches the
gradient is summed, and `estimators` how the penalty's parameter gradient is computed or estimated, and at what cost.
Change a formula here; change what a user may set in `gradient_guidance.py` next to this folder.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
