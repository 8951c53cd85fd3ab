from .base import Executor as Executor, Finished as Finished, Job as Job, OnReport as OnReport
from .observer import Observer as Observer, Observers as Observers
from .ray_node import leftovers as leftovers
