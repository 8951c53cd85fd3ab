"""One run: `execute` turns a specification into a record, in this process or any other.

Reads and writes no store, so that it runs anywhere; decides whose fault an error is, measures memory, notes the
environment. Everything here must behave the same in a worker, on a node and in a debugger.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
