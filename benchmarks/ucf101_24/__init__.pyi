from .annotations import CLASSES as CLASSES, read_pyannot as read_pyannot, read_test_list as read_test_list
from .metrics import (
    TABLE as TABLE,
    Tube as Tube,
    table_maps as table_maps,
    video_map as video_map,
    video_maps as video_maps,
)
