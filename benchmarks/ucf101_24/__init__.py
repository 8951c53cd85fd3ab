"""Task `ucf101-24`: weakly supervised spatio-temporal action localisation from keypoints.

`annotations`, `clips` and `video` read the official files, `extraction`, `detector`, `poses` and `openmmlab` make
keypoints of videos, `converted` and `skeletons` store them, `model` and `stgcn` are the networks, `localization` and
`metrics` make tubes and score them, `task` is the protocol, and `commands` has `provbench tubes` and
`extract-keypoints`. Downloaded pickles are read by `pickles` only, which runs nothing that they contain. The README
names every source.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
