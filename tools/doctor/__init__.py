"""Examination of an installation, its machine and its folders, for `provbench doctor`.

Each module examines one subject and yields `Finding`s; none changes anything, and none imports torch into this process.
`examine` runs them all. A subject that cannot be examined is a finding, too, and never an error.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
