"""Comparing two states of results: which numbers moved, by how much, and whether beyond noise.

`sides` reads the two sides, of runs (`paired_runs`) or tables (`table_numbers`), `differences` holds the verdicts,
`reasons` and `plain_values` say them to people and programs. Used by `provbench compare` and by CI; a change of a rule
here changes exit codes.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
