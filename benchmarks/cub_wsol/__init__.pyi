from .metrics import SIDE as SIDE, box_iou as box_iou, localize as localize, normalize_scoremap as normalize_scoremap
