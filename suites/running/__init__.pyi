from .deadline import Deadline as Deadline, OverTimeError as OverTimeError
from .environment import checkout as checkout, git_state as git_state, package_versions as package_versions
from .execution import build_task as build_task, execute as execute
from .working_folder import is_held as is_held
