from . import folders as folders
from .generation import generated as generated
