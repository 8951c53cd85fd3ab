from .examination import examine as examine
from .finding import Finding as Finding, Level as Level
