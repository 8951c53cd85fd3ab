"""Comparing two states of results: which numbers moved, by how much, and whether beyond noise.

`differences` holds the verdicts, `paired_runs` and `table_numbers` read the two sides. Used by `provbench compare` and
by CI; a change of a rule here changes exit codes.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
