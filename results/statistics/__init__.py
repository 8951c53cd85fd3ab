"""Statistics of runs: summaries over seeds, intervals, tests of two methods, and of many over several tasks.

Everything is a function of plain numbers, mostly a metric by seed, and knows nothing of records or tables. numpy, scipy
and matplotlib are imported when a function needs them.

>>> from provbench.results.statistics import Summary
>>> Summary.of([64.7, 65.1, 65.5]).interval().text()
'[64.1, 66.1]'
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
