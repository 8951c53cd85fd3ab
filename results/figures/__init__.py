"""Figures of results, by matplotlib: how runs converge, what they cost, and what a parameter does."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
