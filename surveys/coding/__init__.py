"""Free self-descriptions in versioned categories.

Two people code each text blind to one another; where they differ somebody rules. Rules or a model suggest and
never decide. The raw text stays where it is, in Answer.
"""

from .categories import Standing, coded_value, coded_values
from .schemes import simplified

__all__ = ["Standing", "coded_value", "coded_values", "simplified"]
