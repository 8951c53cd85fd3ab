from .names import shortened as shortened
from .schema import (
    SuiteFile as SuiteFile,
    builtin_suites as builtin_suites,
    find_suite as find_suite,
    load_suite as load_suite,
)
from .search_space import fitted as fitted
from .sections import PluginUse as PluginUse, Suite as Suite
from .sweep import expand_sweeps as expand_sweeps
from .table_section import (
    ColumnSection as ColumnSection,
    RowSection as RowSection,
    TableSection as TableSection,
    ValueRows as ValueRows,
    ValueSection as ValueSection,
)
from .yaml_file import parse_yaml as parse_yaml
