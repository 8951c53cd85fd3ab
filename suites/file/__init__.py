"""The suite file: what it may say, and the complaints about what it says wrongly.

Schema, sweeps, table language, YAML with line numbers. Names and parameters of plugins are not known here; `planning`
resolves them. Every new key needs a description, since the schema is printed for users and editors.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
