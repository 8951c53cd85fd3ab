"""The state and results of a suite: overview, tables, figures, the data of the report, trials, replays.

Reads plans and stores and trains nothing, except that `replays` runs a recorded specification again.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
