from .content import (
    Report as Report,
    Search as Search,
    SuiteCell as SuiteCell,
    SyntheticImages as SyntheticImages,
    Trial as Trial,
)
from .site import Site as Site, write_site as write_site
