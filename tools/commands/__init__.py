"""The commands, one file a family, each with `add_to(app)` or an `app` of its own.

A command reads its options, calls the packages below and prints; with `--json` it prints one JSON document instead.
Nothing heavy is imported at the top, so that `--help` answers at once, and commands that train nothing never import
torch. Options that several commands have are in `terminal/options.py`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
