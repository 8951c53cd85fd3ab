from .metrics import SIDE as SIDE, box_iou as box_iou, localize as localize, normalize_scoremap as normalize_scoremap
from .pictures import (
    box_threshold as box_threshold,
    draw_boxes as draw_boxes,
    predicted_box as predicted_box,
    score_panel as score_panel,
)
from .task import CubWsol as CubWsol
