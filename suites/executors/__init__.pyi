from .base import Ending as Ending, Executor as Executor, Job as Job, OnValidation as OnValidation
from .observer import Observer as Observer, Observers as Observers
from .ray_node import leftovers as leftovers
