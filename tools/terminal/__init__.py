"""The terminal side of the commands: options, answers, progress, signals, durations.

Commands in `tools.commands` are thin; what two of them share lives here. Nothing outside `tools` imports it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
