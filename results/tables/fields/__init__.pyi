from .statistic import (
    BASIC as BASIC,
    Context as Context,
    Samples as Samples,
    Statistic as Statistic,
    field as field,
    no_samples as no_samples,
)
