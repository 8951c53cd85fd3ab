"""Code that several tasks share; nothing here belongs to one task.

Image records and the data set that reads them, the training set that synthesizers see, synthetic samples, fingerprints,
pretrained weights, generated mini data, and the parts of explanatory pictures. Numbers depend on how images are read
(`images`) and on which samples are drawn (`synthetic`, `training_set`): a change there changes results, and needs a new
version of every task. Drawing (`pictures`, `inspection`) may be changed freely.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
