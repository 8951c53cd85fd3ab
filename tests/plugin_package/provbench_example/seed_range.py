"""A statistic that tables can show: how far apart the seeds of a cell are."""

from provbench.results import Context, Statistic


class SeedRange(Statistic):
    """The largest value of a cell less its smallest."""

    title = "seed range"
    legend = "seed range: the largest value over seeds less the smallest."

    def compute(self, context: Context) -> float | None:
        values = context.cell.values.values()
        return max(values) - min(values) if values else None
