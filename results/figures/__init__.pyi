from .convergence import convergence_figure as convergence_figure
from .cost import cost_figure as cost_figure
from .inline import inline_svg as inline_svg
from .style import (
    FORMS as FORMS,
    figure_bytes as figure_bytes,
    figure_signature as figure_signature,
    figure_title as figure_title,
    new_figure as new_figure,
    save_figure as save_figure,
)
from .sweep import sweep_figure as sweep_figure
