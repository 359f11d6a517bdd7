"""The answer of a person who prefers not to say, as PRISM stores and releases it in every question."""

DECLINED = "Prefer not to say"
