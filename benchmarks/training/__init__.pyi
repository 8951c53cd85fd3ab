from . import distributed as distributed, loop as loop
from .data import Preprocessor as Preprocessor, batch_of as batch_of, collate as collate
from .launcher import launch as launch
from .loop import Outcome as Outcome
