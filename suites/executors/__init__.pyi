from .base import (
    Ending as Ending,
    Executor as Executor,
    Job as Job,
    Observer as Observer,
    Observers as Observers,
    OnValidation as OnValidation,
)
from .ray_node import leftovers as leftovers
