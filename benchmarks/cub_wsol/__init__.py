"""Task `cub-wsol`: weakly supervised object localisation on CUB-200-2011.

`data` reads the official folders and `mini` writes small ones in the same layout; `model` has the networks with class
activation maps, `metrics` the definitions of MaxBoxAcc and its kin with their sources, `task` the protocol, `pictures`
what a report shows, `overlays` what is compared over methods. The README names every source. `metrics` must agree with
the reference implementation: its tests compare.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
