from . import distributed as distributed, loop as loop
from .budget import PeriodLoop as PeriodLoop
from .data import Preprocessor as Preprocessor, batch_of as batch_of, collate as collate, train_loader as train_loader
from .launcher import launch as launch
from .learner import Learner as Learner
from .loop import Outcome as Outcome
from .passes import precision_for as precision_for, run_step as run_step
