"""What a program sends for a participant, and what it learns: what the pages show, never more."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.api.forms import NOT_APPLICABLE
from conversations.arena.voting import OFFERED
from conversations.models import Report
from conversations.situation import Now

KEY = "The same key does it once, however often it is sent; 40 characters at most."


def key_field() -> serializers.CharField:
    return serializers.CharField(max_length=40, required=False, default="", allow_blank=True, help_text=KEY)


class Sent(serializers.Serializer[Any]):
    """A body. A field that is not known would do nothing, silently."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        unknown = set(data) - set(self.fields) if isinstance(data, dict) else set()
        if unknown:
            raise serializers.ValidationError({name: ["is not known here."] for name in sorted(unknown)})
        given: dict[str, Any] = super().to_internal_value(data)
        return given


class NewParticipant(Sent):
    key = serializers.CharField(max_length=100, help_text="Your own name for the person; never an e-mail.")
    is_test = serializers.BooleanField(default=False)


class OpenKind(serializers.Serializer[Any]):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    text = serializers.CharField()
    left = serializers.IntegerField(help_text="Still to be held.")


class ParticipantSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    is_test = serializers.BooleanField()
    stage = serializers.CharField(help_text="Verbs of conversations work in the stage “conversations”.")
    outcome = serializers.CharField(allow_null=True)
    link = serializers.CharField(
        help_text="The person's own link, for consent, survey, their data and withdrawal. Theirs alone."
    )
    open_conversation = serializers.CharField(allow_null=True, help_text="A code.")
    has_answers_to_rate = serializers.BooleanField(help_text="Ask for them at to-rate/.")
    kinds = OpenKind(many=True, help_text="Of conversations with ratings.")
    modes = serializers.ListField(child=serializers.CharField(), help_text="Of the arena, open now.")
    models = serializers.ListField(
        child=serializers.CharField(), help_text="That can be picked by hand in the mode custom."
    )


class CardSerializer(serializers.Serializer[Any]):
    """A model as people learn of it at the reveal; what is not known is empty."""

    name = serializers.CharField()
    maker = serializers.CharField()
    size = serializers.CharField()
    licence = serializers.CharField()
    released = serializers.DateField(allow_null=True)
    about = serializers.CharField()
    link = serializers.CharField()


class SlotSerializer(serializers.Serializer[Any]):
    slot = serializers.CharField(source="letter")
    text = serializers.CharField()
    is_finished = serializers.BooleanField()
    is_rateable = serializers.BooleanField(help_text="There is something to judge.")
    note = serializers.CharField(help_text="What the page says of an answer that did not end well.")
    is_chosen = serializers.SerializerMethodField()
    liked = serializers.SerializerMethodField()
    card = serializers.SerializerMethodField(help_text="Null until the reveal.")

    def get_is_chosen(self, slot: Any) -> bool:
        return bool(getattr(slot, "is_winner", False) or getattr(slot, "is_preferred", False))

    def get_liked(self, slot: Any) -> bool | None:
        liked: bool | None = getattr(slot, "liked", None)
        return liked

    def get_card(self, slot: Any) -> dict[str, Any] | None:
        card = getattr(slot, "card", None)
        return dict(CardSerializer(card).data) if card else None


class SeenTurnSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    text = serializers.CharField()
    slots = SlotSerializer(many=True, help_text="Of earlier turns those that the page still shows.")
    vote = serializers.SerializerMethodField(help_text="Null before the vote.")

    def get_vote(self, turn: Any) -> str | None:
        return getattr(turn, "choice", "") or None


class SeenSerializer(serializers.Serializer[Any]):
    """A conversation as its person sees it now."""

    code = serializers.CharField(source="talk.code")
    type = serializers.CharField(source="talk.type")
    state = serializers.CharField(source="talk.state")
    now = serializers.ChoiceField(choices=[str(now) for now in Now], source="here.now")
    may_say = serializers.BooleanField(source="here.may_say")
    may_finish = serializers.BooleanField(source="here.may_finish")
    is_revealed = serializers.BooleanField()
    turns = SeenTurnSerializer(many=True)
    choosable = serializers.ListField(child=serializers.CharField(), help_text="Slots to go on with.")
    asks = serializers.DictField(
        allow_null=True, help_text="The scale, ballot or form of the page, while one is due."
    )
    given_text = serializers.CharField(help_text="The first message, where the study gives it.")


class SetSerializer(serializers.Serializer[Any]):
    turn = SeenTurnSerializer()
    asks = serializers.DictField(help_text="The scale.")


class Wish(Sent):
    """`type` begins a conversation with ratings; `text` and the rest begin one in the arena."""

    type = serializers.CharField(max_length=40, required=False, default="")
    text = serializers.CharField(required=False, default="", trim_whitespace=False)
    key = key_field()
    mode = serializers.CharField(max_length=20, required=False, default="random")
    picked = serializers.ListField(child=serializers.CharField(max_length=200), required=False, default=list)
    topic = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)
    anyway = serializers.BooleanField(
        default=False, help_text="The person was warned of what stands in the text and wants it sent."
    )


class Message(Sent):
    text = serializers.CharField(trim_whitespace=False)
    key = key_field()
    topic = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)
    anyway = serializers.BooleanField(default=False)


class Again(Sent):
    key = key_field()


class OfTurn(Sent):
    turn = serializers.IntegerField(min_value=0)


class Judgement(OfTurn):
    scores = serializers.DictField(
        child=serializers.IntegerField(),
        required=False,
        default=dict,
        help_text="By slot: scores on a slider or Likert scale, places in a ranking.",
    )
    best = serializers.CharField(
        max_length=20,
        required=False,
        default="",
        help_text="Where answers are compared: the best slot, or a kind of tie.",
    )


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string", "enum": [NOT_APPLICABLE]}]})
class SliderField(serializers.Field[Any, Any, Any, Any]):
    """A whole number, null for untouched, or “not_applicable”."""

    def to_internal_value(self, data: Any) -> int | str:
        is_number = isinstance(data, int) and not isinstance(data, bool)
        if not is_number and data != NOT_APPLICABLE:
            raise serializers.ValidationError(f"must be a whole number, null or {NOT_APPLICABLE}.")
        sent: int | str = data
        return sent


def sliders() -> serializers.DictField:
    return serializers.DictField(
        child=SliderField(allow_null=True),
        required=False,
        default=dict,
        help_text="By attribute: a number on the scale, null for untouched, or not_applicable.",
    )


class GivenFeedback(Sent):
    performance = sliders()
    choice = sliders()
    questions = serializers.DictField(
        required=False,
        default=dict,
        help_text="The study's own questions, by the names of the page's fields.",
    )
    text = serializers.CharField(required=False, default="", allow_blank=True, trim_whitespace=False)
    anyway = serializers.BooleanField(default=False)


class ChosenSlot(Sent):
    slot = serializers.CharField(max_length=1)


class Nothing(Sent):
    """No field."""


class GivenVote(OfTurn):
    choice = serializers.ChoiceField(choices=sorted(OFFERED))
    reasons = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField(max_length=40)),
        required=False,
        default=dict,
        help_text="Keys of reasons by slot.",
    )
    comment = serializers.CharField(required=False, default="", allow_blank=True)
    language = serializers.CharField(max_length=35, required=False, default="", help_text="Of your pages.")
    anyway = serializers.BooleanField(default=False)


class GivenReaction(OfTurn):
    slot = serializers.CharField(max_length=1)
    liked = serializers.BooleanField(allow_null=True, help_text="Null takes it back.")
    reasons = serializers.ListField(
        child=serializers.CharField(max_length=40),
        required=False,
        default=list,
        help_text="Keys of the protocol's reasons that praise, or of those that do not.",
    )
    comment = serializers.CharField(required=False, default="", allow_blank=True)
    anyway = serializers.BooleanField(default=False)


class GivenReport(Sent):
    kind = serializers.ChoiceField(choices=Report.Kind.values)
    text = serializers.CharField(required=False, default="", allow_blank=True)
