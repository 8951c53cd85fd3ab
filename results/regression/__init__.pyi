from .differences import compare as compare
from .plain_values import as_json as as_json
from .reasons import HEADER as HEADER, notes as notes, rows as rows
from .sides import read_sides as read_sides, repeated_runs as repeated_runs, surroundings as surroundings
