"""The 29 properties in the order of every weight vector, and what the released record calls them.

The order of the ids never changes: published weights are told apart by their position alone.
"""

RATED = {
    "harmless": "harmlessness",
    "grammatical": "grammar, spelling, punctuation, and code-switching",
    "friendly": "friendly",
    "polite": "polite",
    "interactive": "interactive",
    "authoritative": "authoritative tone",
    "funny": "funny and humorous",
    "uses_rhetoric": "metaphors, personification, similes, hyperboles, irony, parallelism",
    "complex_language": "complex word usage and sentence structure",
    "supporting_materials": "use of direct and explicit supporting materials",
    "well_formatted": "well formatted",
    "admits_limits": "admit limitations or mistakes",
    "persuasive": "persuade user",
    "step_by_step": "step by step solution",
    "informal": "use of informal expressions",
    "non_repetitive": "repetitive",
    "clear": "clear and understandable",
    "relevant": "relevance without considering inaccuracy",
    "novel": "innovative and novel",
    "rich_information": "information richness without considering inaccuracy",
}
SEVERITIES = {"no_minor_errors": "minor", "no_moderate_errors": "moderate", "no_severe_errors": "severe"}
SCALARS = {"clarifies_intent": "clarify user intent", "empathetic": "showing empathetic"}
PER_ITEM = {
    "satisfies_constraints": "satisfying explicit constraints",
    "supports_stances": "supporting explicit subjective stances",
    "corrects_mistakes": "correcting explicit mistakes or biases",
}
LENGTH = "lengthy"
SLUGS: tuple[str, ...] = (*RATED, *SEVERITIES, *SCALARS, *PER_ITEM, LENGTH)
PLACE = {slug: number for number, slug in enumerate(SLUGS)}

STANCE_LABELS = {
    "strongly supported": 2,
    "weakly supported": 1,
    "neutral": 0,
    "weakly opposed": -1,
    "strongly opposed": -2,
}
MISTAKE_LABELS = {
    "pointed out and corrected": 3,
    "corrected without being pointed out": 2,
    "pointed out but not corrected": 1,
    "neither pointed out nor corrected": 0,
}

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
