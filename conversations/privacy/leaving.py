"""What a text may be outside: the study's rules for exports, for whatever leaves the house."""

from collections.abc import Sequence

from conversations.privacy.rules import Action, Place, Rules
from prism.lib.pii import Span, find, mask
from prism.lib.pii.names import names


def leaving(text: str, rules: Rules, *, is_asked: bool = False) -> tuple[str | None, Sequence[Span]]:
    """The text with what the rules mask masked, None where they hold it back; and all that was found.

    What the rules warn of is masked too, unless a person `is_asked` before anybody gets the text.
    """
    spans = tuple(find(text, rules.kinds(Place.EXPORT), names))
    if any(rules.action(Place.EXPORT, span.kind) == Action.BLOCK for span in spans):
        return None, spans
    masked = rules.kinds(Place.EXPORT, *([Action.MASK] if is_asked else [Action.MASK, Action.WARN]))
    return (mask(text, masked, names)[0] if spans else text), spans
