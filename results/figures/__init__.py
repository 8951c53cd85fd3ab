"""Figures of results, by matplotlib: how runs converge, what they cost, and what a parameter does."""

from .convergence import convergence_figure
from .cost import cost_figure
from .inline import inline_svg
from .style import FORMS, figure_bytes, figure_title, new_figure, save_figure
from .sweep import sweep_figure

__all__ = [
    "FORMS",
    "convergence_figure",
    "cost_figure",
    "figure_bytes",
    "figure_title",
    "inline_svg",
    "new_figure",
    "save_figure",
    "sweep_figure",
]
