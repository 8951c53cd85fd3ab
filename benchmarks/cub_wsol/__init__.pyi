from .metrics import (
    SIDE as SIDE,
    box_iou as box_iou,
    localize as localize,
    normalize_scoremap as normalize_scoremap,
    stretched_boxes as stretched_boxes,
)
from .scoring import OPTIONAL_BOX_METRICS as OPTIONAL_BOX_METRICS, box_columns as box_columns
