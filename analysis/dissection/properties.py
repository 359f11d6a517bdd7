"""The 29 properties in the order of every weight vector, and what the published groups and judges are called.

The order of the ids never changes: published weights are told apart by their position alone.
"""

from annotations.rubric_documents import Kind, parse
from annotations.rubrics import shipped

RUBRIC = parse(shipped("preference_dissection"))
PROPERTIES = {found.slug: found for found in RUBRIC.properties}
SLUGS = tuple(PROPERTIES)
PLACE = {slug: number for number, slug in enumerate(SLUGS)}
RATED = tuple(slug for slug, p in PROPERTIES.items() if p.kind == Kind.SCALE and p.condition is None)
SEVERITIES = {slug: p.severity for slug, p in PROPERTIES.items() if p.severity}
PER_ITEM = tuple(slug for slug, p in PROPERTIES.items() if p.is_per_item)
# Asked only where the query calls for it.
SPECIFIC = tuple(slug for slug, p in PROPERTIES.items() if p.condition)
LENGTH = next(slug for slug, p in PROPERTIES.items() if p.kind == Kind.COMPUTED)

SCENARIOS = (
    "Advice",
    "Code",
    "Communication",
    "Creative Writing",
    "Daily Tasks",
    "Exam Questions",
    "Functional Writing",
    "Knowledge-aware",
    "NLP Tasks",
    "Others",
    "Unsafe Queries",
)
# The subsets overlap the scenarios and each other: each is where one query-specific property is asked.
SUBSETS = {
    "intent_unclear": "clarifies_intent",
    "express_feeling": "empathetic",
    "w_constraints": "satisfies_constraints",
    "w_stances": "supports_stances",
    "w_mistakes": "corrects_mistakes",
}
ALL = "all"

# The card's example names a judge otherwise than data and weights do.
JUDGE_ALIASES = {"gpt-4-turbo": "gpt-4-1106-preview"}


def judge_named(name: str) -> str:
    return JUDGE_ALIASES.get(name.strip(), name.strip())
