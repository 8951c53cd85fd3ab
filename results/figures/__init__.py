"""Figures of results, by matplotlib: how runs converge, what they cost, and what a parameter does.

One figure, one file, each a function of records or plain numbers that returns a matplotlib figure; `style` has sizes,
colours and the file formats, `inline` puts a figure into a page. matplotlib is imported inside functions, and files
come out the same byte by byte, so that unchanged results leave unchanged figures.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
