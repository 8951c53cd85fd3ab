from .annotations import (
    CLASSES as CLASSES,
    read_pyannot as read_pyannot,
    read_test_list as read_test_list,
    video_name as video_name,
)
from .data import read_skeletons as read_skeletons, read_tubes as read_tubes
from .detector import PersonDetector as PersonDetector
from .extraction import extract as extract, file_digest as file_digest, parts_folder as parts_folder
from .metrics import (
    TABLE as TABLE,
    Tube as Tube,
    table_maps as table_maps,
    video_map as video_map,
    video_maps as video_maps,
)
from .pictures import (
    mean_overlap as mean_overlap,
    own_frames as own_frames,
    strip as strip,
    surest_tubes as surest_tubes,
    time_bar as time_bar,
    with_tubes as with_tubes,
)
from .poses import PoseEstimator as PoseEstimator, find_weights as find_weights, load_network as load_network
from .task import Ucf10124 as Ucf10124
from .video import find_videos as find_videos, read_frames as read_frames, write_video as write_video
