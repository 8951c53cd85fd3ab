"""Scores the boxes of all contours of a map at all thresholds in one sweep.

`component_tree` says how and is the only way in; the other modules are its steps, compiled by numba. The boxes must
equal those of OpenCV's contours, threshold by threshold: the tests compare them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
