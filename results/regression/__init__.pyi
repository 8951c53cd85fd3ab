from . import differences as differences
from .differences import (
    Change as Change,
    Comparison as Comparison,
    Name as Name,
    SeedValues as SeedValues,
    State as State,
)
from .paired_runs import pair_runs as pair_runs
from .table_numbers import read_table as read_table, read_tables as read_tables, with_identities as with_identities
