"""What the rules would do with a text, without storing it or sending it anywhere but to moderation."""

from collections.abc import Sequence
from dataclasses import dataclass

from conversations.privacy import moderation
from conversations.privacy.moderation import Verdict
from conversations.privacy.rules import Place, Reply, Rules, findable
from prism.lib.pii import Span, find, mask
from prism.lib.pii.names import names


@dataclass(frozen=True)
class Try:
    """`pieces`: the text in order, each part with the kind of what it is, or ""."""

    pieces: Sequence[tuple[str, str]]
    finds: Sequence[tuple[str, Span, Sequence[str]]]
    masked: str
    verdict: Verdict | None
    scores: Sequence[tuple[str, float, str]]


def try_text(rules: Rules, text: str, with_moderation: bool) -> Try:
    spans = find(text, findable(), names)
    verdict = (
        moderation.ask(rules.moderation, text) if with_moderation and rules.moderation.provider else None
    )
    flagged = rules.moderation.flagged(verdict.scores) if verdict else {}
    scores = sorted(verdict.scores.items(), key=lambda item: -item[1]) if verdict else []
    return Try(
        pieces=_pieces(text, spans),
        finds=[
            (text[span.start : span.end], span, [rules.action(place, span.kind) for place in Place])
            for span in spans
        ],
        masked=mask(text, names=names)[0],
        verdict=verdict,
        scores=[(name, score, flagged.get(name, Reply.OFF)) for name, score in scores],
    )


def _pieces(text: str, spans: Sequence[Span]) -> list[tuple[str, str]]:
    pieces, last = [], 0
    for span in spans:
        pieces += [(text[last : span.start], ""), (text[span.start : span.end], str(span.kind))]
        last = span.end
    return [piece for piece in [*pieces, (text[last:], "")] if piece[0]]
