from .base import (
    Ending as Ending,
    Executor as Executor,
    Job as Job,
    Observer as Observer,
    Observers as Observers,
    OnValidation as OnValidation,
)
from .local import visible_gpus as visible_gpus
from .ray_node import data_leftovers as data_leftovers, leftovers as leftovers
from .worker import prepare_process as prepare_process
