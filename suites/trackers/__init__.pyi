from .base import Tracker as Tracker
from .process import leftovers as leftovers
from .tracking import Tracking as Tracking
from .wandb_sync import Destination as Destination, WandbSync as WandbSync
