from .cell_runs import (
    CellRuns as CellRuns,
    Lookup as Lookup,
    search_base as search_base,
    search_settings as search_settings,
)
from .data_garbage import find_data_garbage as find_data_garbage
from .driver import Driver as Driver
from .garbage import KINDS as KINDS, Garbage as Garbage, find_garbage as find_garbage, remove as remove
from .generation import generate as generate, workers_for as workers_for
from .generation_ray import RayWorkers as RayWorkers, ray_workers as ray_workers
from .lost_runs import LostRuns as LostRuns
from .output import (
    Output as Output,
    RecordCache as RecordCache,
    is_whole as is_whole,
    output_lock as output_lock,
    weights_file as weights_file,
)
from .pulse import Pulse as Pulse, read_pulse as read_pulse
from .steering import pause as pause, resume as resume, retry as retry, stop as stop
from .tally import Faults as Faults, Tally as Tally
