"""Results: the store of run records, selection, statistics, published numbers and tables. Imports neither torch nor
pandas before it needs them.

>>> from provbench.results import Summary
>>> str(Summary.of([64.7, 65.1, 65.5]))
'65.1 ± 0.4 (3)'
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
