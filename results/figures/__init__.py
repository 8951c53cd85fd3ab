"""Figures of results, by matplotlib: how runs converge, what they cost, and what a parameter does."""

from .convergence import convergence_figure
from .cost import cost_figure
from .style import new_figure, save_figure
from .sweep import sweep_figure

__all__ = ["convergence_figure", "cost_figure", "new_figure", "save_figure", "sweep_figure"]
