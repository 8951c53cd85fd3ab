"""Official layouts of data sets of images, read without torch, and written for the generated variants of tasks.

One file a data set: which images belong to its training and test parts, with labels from its own annotation files. A
layout knows no protocol: shots, validation images and long tails are the tasks'. torchvision's data set classes read
the same folders, but cannot be planned with, since they import torch; tests compare with them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
