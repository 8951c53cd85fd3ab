from .environment import (
    checkout as checkout,
    git_state as git_state,
    package_versions as package_versions,
    usable_cores as usable_cores,
)
from .execution import Deadline as Deadline, build_task as build_task, execute as execute
from .failures import OverTimeError as OverTimeError
