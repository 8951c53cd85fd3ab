"""Offline synthesis: images that are made once, before training, and the synthetic set that all synthesizers write.

`background_swap` and `editor_folder` are synthesizers, and the files `edit…` what an external editor is asked for and
gives back; `manifest` is the set on disk with the provenance of every sample, and `set_digest` identifies it in run
keys. A change to what is written or digested makes every run on synthetic data a new one: do it knowingly.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
