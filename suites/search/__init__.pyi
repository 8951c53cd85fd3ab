from . import journal as journal
from .journal import leftovers as leftovers, open_to_write as open_to_write, sync as sync
from .plots import write_plots as write_plots
from .samplers import Fixed as Fixed
from .spaces import distribution as distribution
from .storage import (
    anchored as anchored,
    begun_studies as begun_studies,
    is_there as is_there,
    open_storage as open_storage,
    shown as shown,
)
from .study import CellSearch as CellSearch, Settings as Settings, study_name as study_name
