"""Task `images`: classification of a user's own images, listed in a CSV file or lying in a folder for each class.

`csv_file` and `folders` read them into `items`, `splitting` draws the splits that they lack, `content` checks all of
it, `task` is the protocol, `mini` writes a small set in the same layout, and `survey` says what a folder holds. A
change to `splitting` changes which images are tested: it needs a new version of the task.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
