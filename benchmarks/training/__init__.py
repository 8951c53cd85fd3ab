"""The one training loop, on mmengine's Runner: by one process, or by several together.

`loop` builds the runner and returns an outcome, `hooks` validate, stop and save, `checkpoints` and `resume` let a run
go on where it was interrupted, `launcher` and `distributed` are the ranks of one run (DDP). Randomness comes from the
run's seed alone and a resumed run must equal one that was not interrupted, to the last digit: keep that when you touch
anything here.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
