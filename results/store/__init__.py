"""The store: run records, one file each, and everything that reads, writes, indexes, merges or exports them.

`Store` is the way in; `RunRecord` is what a finished run leaves. Records are immutable, checksummed and portable:
their schema may grow by optional fields, and readers of old files must stay. Selection of trials and final runs lives
here because it reads records only. Imports neither torch nor the rest of `results`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
