"""What a persona understands of the messages it is sent: a language, a kind of question, a few words."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conversations.fakellm.personas import PERSONAS
from conversations.fakellm.vocabulary import ENGLISH, FRENCH, VERBS

_TOPIC_WORDS = 3
_READ_AT_MOST = 2000  # characters of a message; a pasted book must not hold up the other streams

_FRENCH_ELISION = re.compile(r"^(?:l|d|j|s|n|c|m|t|qu)'", re.IGNORECASE)
_FRENCH_INVERSION = re.compile(r"-(?:je|tu|il|elle|on|nous|vous|ils|elles)$", re.IGNORECASE)
# Words that both languages have tell nothing about which one is being written.
_TELLS_FRENCH = FRENCH - ENGLISH - {"point", "son", "ton"}
# A persona never names itself, not even when the person does.
_OWN_NAMES = frozenset(PERSONAS) | {name.split("-")[0] for name in PERSONAS}
_SILENT = ENGLISH | FRENCH | VERBS | _OWN_NAMES

_INTENTS = (
    (
        "identity",
        r"\b(who are you|which model|what model|your name|who made you|qui es-tu|qui êtes-vous|ton nom)\b",
    ),
    (
        "code",
        r"\b(code|python|javascript|sql|script|regex|algorithme?)\b|```|\bfunction (that|to)\b",
    ),
    (
        "howto",
        r"\b(how (do|can|should) (i|we|you)|how to|steps?|recipe|plan|tips|comment (faire|puis|peut))\b",
    ),
    (
        "opinion",
        r"\b(should|opinion|think|believe|right|wrong|fair|moral|better|ban|agree|penses|pensez|faut-il)\b",
    ),
    ("explain", r"\b(what|why|how|explain|describe|difference|pourquoi|comment|expliqu\w+|quoi|quel\w*)\b"),
)


@dataclass(frozen=True)
class Prompt:
    """What the last message asks for; ``topic``, ``other`` and ``earlier`` may be empty."""

    language: str
    intent: str
    topic: str
    other: str
    earlier: str


def read(said: Sequence[str]) -> Prompt:
    """Understand what a person ``said``, oldest message first."""
    *before, last = [text[:_READ_AT_MOST] for text in said] or [""]
    earlier = [topic for text in before for topic in _find_topics(text)[:1]]
    topics = _find_topics(last) or earlier[-1:]
    intent = _find_intent(last)
    return Prompt(
        language="fr" if _is_french(last) else "en",
        intent=intent if topics or intent == "identity" else "greeting",
        topic=topics[0] if topics else "",
        other=topics[1] if len(topics) > 1 else "",
        earlier=next((topic for topic in earlier if topic not in topics), ""),
    )


def _is_french(text: str) -> bool:
    words = _split_tokens(text.lower())
    french = sum(word in _TELLS_FRENCH for word in words)
    return french > sum(word in ENGLISH - FRENCH for word in words)


def _find_intent(text: str) -> str:
    lowered = text.lower()
    return next((intent for intent, pattern in _INTENTS if re.search(pattern, lowered)), "chat")


def _find_topics(text: str) -> list[str]:
    """The longest runs of telling words, longest first."""
    runs = {" ".join(run[-_TOPIC_WORDS:]): None for run in _split_runs(text)}
    return sorted(runs, key=len, reverse=True)


def _split_runs(text: str) -> Iterator[list[str]]:
    run: list[str] = []
    for position, token in enumerate([*_split_tokens(text), "."]):
        word = _FRENCH_ELISION.sub("", token)
        if _tells(word):
            run.append(word.lower() if position == 0 and not word.isupper() else word)
        elif run:
            yield run
            run = []


def _tells(token: str) -> bool:
    word = token.lower()
    return len(word) > 2 and word not in _SILENT and not _FRENCH_INVERSION.search(word)


def _split_tokens(text: str) -> list[str]:
    return re.findall(r"[^\W_][\w'-]*[^\W_]|[^\W_]|[^\w\s]", text.replace("’", "'"))
