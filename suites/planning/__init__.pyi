from .inputs import (
    Needed as Needed,
    describe_missing as describe_missing,
    listed as listed,
    missing_inputs as missing_inputs,
    name_of as name_of,
    needed_weights as needed_weights,
    restrict as restrict,
)
from .plan import Cell as Cell, Plan as Plan, make_plan as make_plan
from .plugin_code import (
    OtherCode as OtherCode,
    changes_of_code as changes_of_code,
    code_notes as code_notes,
    code_of as code_of,
    keep_to_code as keep_to_code,
    other_code as other_code,
)
from .protocol_rules import ORACLE as ORACLE
from .set_work import SetWork as SetWork, found_set as found_set, is_phased as is_phased, phased_sets as phased_sets
from .spec import KEY_LENGTH as KEY_LENGTH, Place as Place, RunSpec as RunSpec, digest as digest
from .synthetic import (
    damaged_sets as damaged_sets,
    data_fingerprint as data_fingerprint,
    ensure_synthetic as ensure_synthetic,
    find_synthetic as find_synthetic,
    synthetic_leftovers as synthetic_leftovers,
    synthetic_problems as synthetic_problems,
    synthetic_sets as synthetic_sets,
)
