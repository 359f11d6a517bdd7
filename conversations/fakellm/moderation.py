"""Scores for what texts are about, by words that stand for a category: enough to try every rule with."""

import re
from typing import Any

WORDS = {
    "harassment": "idiot|loser|insult you|imbécile",
    "harassment/threatening": "i will hurt you|je vais te frapper",
    "hate": "vermin|sale race",
    "hate/threatening": "exterminate them",
    "illicit": "launder money|blanchir de l'argent",
    "illicit/violent": "build a bomb|fabriquer une bombe",
    "self-harm": "hurt myself|me faire du mal",
    "self-harm/intent": "kill myself|me suicider",
    "self-harm/instructions": "ways to die",
    "sexual": "explicit scene|scène explicite",
    "sexual/minors": "explicit scene with a child",
    "violence": "beat him up|tabasser",
    "violence/graphic": "blood everywhere",
}
_QUIET, _LOUD, _FLAGGED_FROM = 0.01, 0.93, 0.5


def moderate(text: str) -> dict[str, Any]:
    """One result in OpenAI's shape: 0.93 where a category's words stand in the text, 0.01 elsewhere."""
    scores = {
        name: _LOUD if re.search(rf"\b(?:{words})\b", text, re.I) else _QUIET for name, words in WORDS.items()
    }
    categories = {name: score >= _FLAGGED_FROM for name, score in scores.items()}
    return {"flagged": any(categories.values()), "categories": categories, "category_scores": scores}
