"""The look at a text before it leaves: for a model, or into a comment.

What a study wants done with each kind decides: nothing, mark, mask, warn once, or refuse. A text that is held
back stays in the person's form, and no row has it.
"""

import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from conversations.models import Conversation, RawText, TextCheck, Turn
from conversations.privacy import moderation, versions
from conversations.privacy.moderation import Verdict
from conversations.privacy.rules import Action, Place, Reply, Rules
from conversations.refusals import Held
from prism.lib.crypto import encrypt, keyed_hash
from prism.lib.pii import Kind, Span, find, mask
from prism.lib.pii.names import NamesNotFound, names

Outcome = TextCheck.Outcome
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Look:
    """What was seen in a text at a place, before anything is done about it."""

    conversation: Conversation
    place: Place
    text: str
    digest: str
    rules: Rules
    spans: Sequence[Span] = ()
    verdict: Verdict = field(default_factory=Verdict)
    flagged: Mapping[str, Reply] = field(default_factory=dict)

    def has(self, action: Action, reply: Reply | None = None) -> bool:
        is_found = any(self.rules.action(self.place, span.kind) == action for span in self.spans)
        return is_found or (reply is not None and reply in self.flagged.values())

    @property
    def was_warned(self) -> bool:
        """Whether the person was told of this very text before."""
        before = TextCheck.objects.filter(conversation=self.conversation, digest=self.digest)
        return before.filter(outcome=Outcome.WARNED, place=self.place).exists()

    def row(self, outcome: TextCheck.Outcome, turn: Turn | None = None) -> TextCheck:
        return TextCheck.objects.create(
            conversation=self.conversation,
            turn=turn,
            place=self.place.value,
            outcome=outcome,
            kinds=dict(Counter(str(span.kind) for span in self.spans)),
            spans=[[span.start, span.end, span.kind, span.rule, span.confidence] for span in self.spans],
            moderation=self.verdict.state,
            scores=dict(self.verdict.scores),
            flagged=dict(self.flagged),
            digest=self.digest,
            rules_version=self.rules.version,
        )


@dataclass(frozen=True)
class Passed:
    """A text that may go, as it goes; `keep` stores what was seen, beside the row of the text itself."""

    text: str
    look: Look | None = None
    outcome: TextCheck.Outcome = Outcome.CLEAN

    def keep(self, turn: Turn | None = None) -> None:
        """Call within the transaction that stores the text; `turn`: the one whose message it is."""
        if self.look is None:
            return
        row = self.look.row(self.outcome, turn)
        if self.look.spans:
            RawText.objects.create(check_of=row, encrypted_text=encrypt(self._raw()))

    def _raw(self) -> str:
        look = self.look
        assert look is not None
        # A message that was sent as it was typed stands in its turn already.
        is_there = look.place == Place.MESSAGE and look.text == self.text
        return json.dumps({"text": None if is_there else look.text})


def check(conversation: Conversation, place: Place, text: str, is_sent_anyway: bool = False) -> Passed:
    """The text as it may go. Raises Held where it may not, or not before the person looked at it again."""
    rules = versions.rules_of(conversation)
    kinds, asks = rules.kinds(place), rules.moderation.asks(place)
    if not text or not (kinds or asks):
        return Passed(text)
    try:
        look = _looked(conversation, place, text, rules)
        masked, _spans = mask(text, rules.kinds(place, Action.MASK), names)
    except NamesNotFound as error:
        log.warning("the model of names failed: %s", error)
        raise Held(_not_now()) from error
    _hold(look, is_sent_anyway)
    if not look.spans and not asks:
        return Passed(text)
    return Passed(masked, look, _outcome(look, masked != text))


def needs_nothing(conversation: Conversation, place: Place, text: str) -> bool:
    """Whether `check` would let the text go as it is and store nothing, found out without asking anybody."""
    rules = versions.rules_of(conversation)
    kinds = rules.kinds(place)
    return not (rules.moderation.asks(place) or Kind.NAME in kinds or (kinds and find(text, kinds)))


def digest_of(conversation: Conversation, place: Place, text: str) -> str:
    """By which the same text is known again, at the same place of a conversation."""
    return keyed_hash("text of a conversation", str(conversation.pk), place, text)


def _looked(conversation: Conversation, place: Place, text: str, rules: Rules) -> Look:
    digest = digest_of(conversation, place, text)
    spans = find(text, rules.kinds(place), names)
    if not rules.moderation.asks(place):
        return Look(conversation, place, text, digest, rules, spans)
    verdict = moderation.verdict(rules.moderation, conversation, text, digest)
    flagged = rules.moderation.flagged(verdict.scores)
    return Look(conversation, place, text, digest, rules, spans, verdict, flagged)


def _hold(look: Look, is_sent_anyway: bool) -> None:
    """Raise Held, and count it, where the rules say so."""
    is_silent = look.verdict.state == TextCheck.Moderation.FAILED
    if is_silent and look.rules.moderation.is_closed_if_silent:
        look.row(Outcome.BLOCKED)
        raise Held(_not_now())
    if look.has(Action.BLOCK, Reply.BLOCK):
        look.row(Outcome.BLOCKED)
        raise Held(_not_sent(), _found(look, Action.BLOCK), _notice(look))
    if look.has(Action.WARN, Reply.WARN) and not (is_sent_anyway and look.was_warned):
        look.row(Outcome.WARNED)
        raise Held(_are_you_sure(), _found(look, Action.WARN), _notice(look), is_final=False)


def _not_now() -> str:
    return _("Your text cannot be checked at the moment. It is kept; please send it again in a minute.")


def _not_sent() -> str:
    return _(
        "This study does not let such a text be sent. It is kept below: please change it and send it again."
    )


def _are_you_sure() -> str:
    return _(
        "Your text is not sent yet. Please look at it once more: you can change it, or send it as it is."
    )


def _found(look: Look, action: Action) -> list[str]:
    """The places in question as the person wrote them."""
    spans = [span for span in look.spans if look.rules.action(look.place, span.kind) == action]
    return [look.text[span.start : span.end] for span in spans]


def _notice(look: Look) -> str:
    """The study's own words, for example where to find help; shown where moderation is the reason."""
    return look.rules.moderation.notice if {Reply.WARN, Reply.BLOCK} & set(look.flagged.values()) else ""


def _outcome(look: Look, is_masked: bool) -> TextCheck.Outcome:
    if look.has(Action.WARN, Reply.WARN):
        return Outcome.ANYWAY
    if is_masked:
        return Outcome.MASKED
    return Outcome.MARKED if look.spans or look.flagged else Outcome.CLEAN
