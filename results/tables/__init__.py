"""Tables: from records to rows, columns and cells with tests and notes, and from these to Markdown, LaTeX, HTML, CSV.

`model` says what a table is, `build` fills one, `renderers` write it; notes and citations stand below it. A number
that a table shows comes from a record or from `results/published`. Names are escaped in every format.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
