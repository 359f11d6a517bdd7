"""Free self-descriptions in versioned categories.

Two people code each text blind to one another; where they differ somebody rules. Rules or a model suggest and
never decide. The raw text stays where it is, in Answer.
"""

from .schemes import simplified
from .texts import Standing, coded_value, coded_values

__all__ = ["Standing", "coded_value", "coded_values", "simplified"]
