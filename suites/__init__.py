"""From a suite file to its runs and tables: file, planning, search, running, executors, driving, trackers, showing."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
