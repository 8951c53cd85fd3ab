"""Stick figures of the mini set: their gestures and actions, the joints that follow, and their pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np

from .skeletons import JOINTS

Angles = np.ndarray
"""(T, 11) float: what a figure does, by the columns below. Limbs in degrees from hanging down, forward positive."""
LEFT_ARM, LEFT_FOREARM, RIGHT_ARM, RIGHT_FOREARM, LEFT_THIGH, LEFT_SHANK, RIGHT_THIGH, RIGHT_SHANK = range(8)
LEAN, TURN, LIFT = 8, 9, 10
"""Indices of the torso's angles: degrees forward; degrees about its own axis; height above the ground, in units of the
figure's.
"""


# What figures do: phase (T,) in radians to angles (T, 11).


def _angles(phase: np.ndarray, **columns: Any) -> Angles:
    """All columns 0 (standing straight), but for those given by name."""
    angles = np.zeros((len(phase), 11))
    for name, values in columns.items():
        for column in _COLUMNS[name]:
            angles[:, column] = values
    return angles


_COLUMNS = {
    "arms": (LEFT_ARM, RIGHT_ARM),
    "forearms": (LEFT_FOREARM, RIGHT_FOREARM),
    "left_arm": (LEFT_ARM, LEFT_FOREARM),
    "right_arm": (RIGHT_ARM, RIGHT_FOREARM),
    "left_upper": (LEFT_ARM,),
    "right_upper": (RIGHT_ARM,),
    "left_fore": (LEFT_FOREARM,),
    "right_fore": (RIGHT_FOREARM,),
    "left_thigh": (LEFT_THIGH,),
    "left_shank": (LEFT_SHANK,),
    "right_thigh": (RIGHT_THIGH,),
    "right_shank": (RIGHT_SHANK,),
    "left_leg": (LEFT_THIGH, LEFT_SHANK),
    "right_leg": (RIGHT_THIGH, RIGHT_SHANK),
    "thighs": (LEFT_THIGH, RIGHT_THIGH),
    "shanks": (LEFT_SHANK, RIGHT_SHANK),
    "lean": (LEAN,),
    "turn": (TURN,),
    "lift": (LIFT,),
}


def _stand(phase: np.ndarray) -> Angles:
    sway = np.sin(phase)
    return _angles(phase, left_arm=8 + 4 * sway, right_arm=-8 + 4 * sway, lean=2 * sway, left_leg=4, right_leg=-4)


def _clap(phase: np.ndarray) -> Angles:
    return _angles(phase, arms=35, left_fore=105 + 20 * np.sin(phase), right_fore=105 - 20 * np.sin(phase))


def _point(phase: np.ndarray) -> Angles:
    return _angles(phase, right_arm=88 + 4 * np.sin(phase), left_arm=5)


def _hands_on_hips(phase: np.ndarray) -> Angles:
    elbows = {"left_upper": 45, "right_upper": -45, "left_fore": -35, "right_fore": 35}
    return _angles(phase, lean=2 * np.sin(phase), left_leg=8, right_leg=-8, **elbows)


def _crouch(phase: np.ndarray) -> Angles:
    return _angles(phase, thighs=80, shanks=-55, lean=25 + 4 * np.sin(phase), arms=30, forearms=60)


def _fence(phase: np.ndarray) -> Angles:
    thrust = np.sin(phase)
    sword = {"right_upper": 75 + 15 * thrust, "right_fore": 90 + 5 * thrust, "left_upper": -100, "left_fore": -150}
    return _angles(phase, right_thigh=50 + 15 * thrust, right_shank=0, left_leg=-40 - 5 * thrust, lean=8, **sword)


def _swing_golf_club(phase: np.ndarray) -> Angles:
    swing = 20 + 75 * np.sin(phase)
    return _angles(phase, arms=swing, forearms=1.2 * swing, lean=30, thighs=12, shanks=-12)


def _climb_rope(phase: np.ndarray) -> Angles:
    reach, climbed = 20 * np.sin(phase), 0.3 * (phase - phase[0]) / np.ptp(phase)
    legs = {"left_thigh": 50 - 2 * reach, "right_thigh": 50 + 2 * reach, "shanks": -30}
    return _angles(phase, left_arm=165 + reach, right_arm=165 - reach, lift=0.1 + climbed, **legs)


def _spin(phase: np.ndarray) -> Angles:
    arms = {"left_upper": 150, "left_fore": 190, "right_upper": 60, "right_fore": 115}
    return _angles(phase, turn=np.degrees(phase), left_leg=6, right_leg=-6, **arms)


def _juggle_ball(phase: np.ndarray) -> Angles:
    kick = np.clip(np.sin(phase), -0.3, 1)
    return _angles(phase, right_thigh=40 + 35 * kick, right_shank=15 + 20 * kick, left_arm=40, right_arm=-40, lean=-6)


def _swing_racket(phase: np.ndarray) -> Angles:
    swing = np.sin(phase)
    return _angles(phase, right_arm=95 + 80 * swing, left_arm=25, lean=10 * swing, left_leg=20, right_leg=-20)


def _jump(phase: np.ndarray) -> Angles:
    height = np.abs(np.sin(phase))
    tuck = {"left_thigh": 45 * height, "right_thigh": 45 * height, "shanks": -45 * height}
    return _angles(phase, left_arm=110 + 40 * height, right_arm=-110 - 40 * height, lift=0.35 * height, **tuck)


def _walk(phase: np.ndarray) -> Angles:
    step = np.sin(phase)
    knees = {"left_shank": 30 * step - 15, "right_shank": -30 * step - 15}
    return _angles(
        phase, left_thigh=32 * step, right_thigh=-32 * step, left_arm=-25 * step, right_arm=45, lean=8, **knees
    )


GESTURES: Mapping[str, Callable[[np.ndarray], Angles]] = {
    "stand": _stand,
    "clap": _clap,
    "point": _point,
    "hands on hips": _hands_on_hips,
    "crouch": _crouch,
}
"""Gestures of bystanders, which are part of no action."""

ACTIONS: Mapping[str, Callable[[np.ndarray], Angles]] = {
    "Fencing": _fence,
    "GolfSwing": _swing_golf_club,
    "RopeClimbing": _climb_rope,
    "SalsaSpin": _spin,
    "SoccerJuggling": _juggle_ball,
    "TennisSwing": _swing_racket,
    "TrampolineJumping": _jump,
    "WalkingWithDog": _walk,
}
"""The classes of the mini set, under the names and labels that they have among the 24."""

ACTIONS_THAT_MOVE = {"WalkingWithDog": 0.03}
"""Forward, in units of the figure's height per frame."""


# Figures: a person is 1 high, looks to +x, and has their hips at the origin; y points down.

SHOULDER, HIP, TORSO, HEAD, ARM, FOREARM, THIGH, SHANK = 0.1, 0.06, 0.3, 0.13, 0.17, 0.16, 0.24, 0.24


def figure_of(angles: Angles) -> np.ndarray:
    """(T, 17, 2): the joints, those that touch the ground (or are `LIFT` above it) at y = 0."""
    lean, wide = np.radians(angles[:, LEAN]), np.cos(np.radians(angles[:, TURN]))
    joints = np.zeros((len(angles), JOINTS, 2))
    chest = TORSO * np.stack([np.sin(lean), -np.cos(lean)], axis=1)
    head = chest + HEAD * np.stack([np.sin(lean), -np.cos(lean)], axis=1)
    for joint, (forward, up) in enumerate([(0.05, 0.0), (0.04, 0.025), (0.02, 0.025), (0.0, 0.015), (-0.03, 0.015)]):
        joints[:, joint] = head + np.stack([forward * wide, np.full_like(wide, -up)], axis=1)
    for side, sign in ((0, 1), (1, -1)):
        joints[:, 5 + side] = chest + np.stack([sign * SHOULDER * wide, 0 * wide], axis=1)
        joints[:, 7 + side] = joints[:, 5 + side] + _limb(angles[:, LEFT_ARM + 2 * side], ARM, wide)
        joints[:, 9 + side] = joints[:, 7 + side] + _limb(angles[:, LEFT_FOREARM + 2 * side], FOREARM, wide)
        joints[:, 11 + side, 0] = sign * HIP * wide
        joints[:, 13 + side] = joints[:, 11 + side] + _limb(angles[:, LEFT_THIGH + 2 * side], THIGH, wide)
        joints[:, 15 + side] = joints[:, 13 + side] + _limb(angles[:, LEFT_SHANK + 2 * side], SHANK, wide)
    lowest = joints[:, 13:, 1].max(axis=1) + angles[:, LIFT]
    joints[..., 1] -= lowest[:, None]
    return joints


def _limb(degrees: np.ndarray, length: float, wide: np.ndarray) -> np.ndarray:
    turn = np.radians(degrees)
    return length * np.stack([np.sin(turn) * wide, np.cos(turn)], axis=1)


_TRUNK = ((5, 6), (11, 12), (5, 11), (6, 12))
_ARMS = ((5, 7), (7, 9), (6, 8), (8, 10))
_LEGS = ((11, 13), (13, 15), (12, 14), (14, 16))


def draw_figure(frame: np.ndarray, joints: np.ndarray, height: float, clothes: list[list[int]]) -> None:
    shirt, trousers = (tuple(colour) for colour in clothes)
    thick = max(2, round(0.045 * height))
    trunk = np.rint(joints[[5, 6, 12, 11]]).astype(np.int32)
    cv2.fillConvexPoly(frame, cv2.convexHull(trunk), shirt, cv2.LINE_AA)
    for limbs, colour in ((_LEGS, trousers), (_TRUNK, shirt), (_ARMS, tuple(max(0, part - 35) for part in shirt))):
        for start, stop in limbs:
            _line(frame, joints[start], joints[stop], colour, thick)
    head = joints[:5].mean(axis=0)
    _line(frame, joints[5:7].mean(axis=0), head, (205, 165, 135), thick)
    cv2.circle(frame, _pixel(head), round(0.075 * height), (205, 165, 135), -1, cv2.LINE_AA)
    cv2.circle(frame, _pixel(joints[0]), max(1, thick // 3), (120, 80, 60), -1, cv2.LINE_AA)


def _line(frame: np.ndarray, start: np.ndarray, stop: np.ndarray, colour: Any, thick: int) -> None:
    cv2.line(frame, _pixel(start), _pixel(stop), colour, thick, cv2.LINE_AA)


def _pixel(point: np.ndarray) -> tuple[int, int]:
    return round(point[0]), round(point[1])
