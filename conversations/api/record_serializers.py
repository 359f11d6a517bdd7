"""What the API shows of conversations. People by their codes; texts only through `WrittenField`."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.api.texts import WrittenField
from conversations.models import (
    Choice,
    Conversation,
    Draw,
    Feedback,
    Opening,
    Rating,
    Reaction,
    Report,
    Response,
    TextCheck,
    Turn,
    Vote,
)


def code_of(path: str, **more: Any) -> serializers.CharField:
    """The code of a conversation or a participant."""
    return serializers.CharField(source=path, read_only=True, **more)


class ConversationSerializer(serializers.ModelSerializer[Conversation]):
    code = serializers.CharField(help_text="As in exports.")
    participant = code_of("enrolment.code", help_text="The participant's code in this study.")
    protocol = serializers.IntegerField(source="protocol.version", help_text="The version it follows.")
    is_test = serializers.BooleanField(source="enrolment.is_test")
    is_excluded = serializers.BooleanField(help_text="Whether its person is excluded from the data.")
    turns = serializers.IntegerField(source="number_of_turns")
    is_shared = serializers.SerializerMethodField(help_text="Whether it can be read by a link.")
    dataset = serializers.CharField(
        source="imported.dataset.key", allow_null=True, read_only=True, help_text="If it was imported."
    )

    class Meta:
        model = Conversation
        fields = (
            *("code", "participant", "type", "state", "mode", "topic", "protocol", "is_test", "is_excluded"),
            *("turns", "started_at", "chat_finished_at", "finished_at", "revealed_at", "is_shared"),
            *("language", "dataset"),
        )

    def get_is_shared(self, talk: Conversation) -> bool:
        return talk.share_key is not None


class RatingOfResponse(serializers.ModelSerializer[Rating]):
    class Meta:
        model = Rating
        fields = ("kind", "score", "rank", "tie", "trace", "at")


class ReactionOfResponse(serializers.ModelSerializer[Reaction]):
    """The newest of an answer counts; `liked` null takes the one before back."""

    liked = serializers.BooleanField(allow_null=True)
    comment = WrittenField()

    class Meta:
        model = Reaction
        fields = ("liked", "reasons", "comment", "blind", "at")


class ResponseSerializer(serializers.ModelSerializer[Response]):
    model = serializers.CharField(source="model.name")
    calls = serializers.IntegerField(source="attempt", help_text="Of the provider, until it ended.")
    is_truncated = serializers.BooleanField(help_text="It ran into the greatest length.")
    currency = serializers.CharField(source="model.currency", help_text="Of the cost.")
    is_copied = serializers.SerializerMethodField(help_text="A stored answer was shown again.")
    text = WrittenField()
    reasoning = WrittenField(help_text="What the model thought aloud; never shown to participants.")
    rating = RatingOfResponse(allow_null=True, read_only=True)
    reactions = ReactionOfResponse(many=True)

    class Meta:
        model = Response
        fields = (
            *("slot", "model", "state", "is_replaced", "depth", "round", "calls", "finish_reason"),
            *("is_truncated", "failure", "tokens_in", "tokens_out", "tokens_reasoning", "cost", "currency"),
            *("first_token_ms", "first_text_ms", "total_ms", "created_at", "finished_at"),
            *("words", "is_copied", "text", "reasoning", "rating", "reactions"),
        )

    def get_is_copied(self, response: Response) -> bool:
        return response.copied_from_id is not None


class ChoiceSerializer(serializers.ModelSerializer[Choice]):
    """Which answer won the turn, and how a tie fell."""

    slot = serializers.CharField(source="response.slot")

    class Meta:
        model = Choice
        fields = ("slot", "rule", "tied", "seed", "at")


class ChanceSerializer(serializers.Serializer[Any]):
    """A model of the pool from which a draw was made."""

    model = serializers.CharField()
    exposure = serializers.IntegerField(help_text="How often it had been drawn.")
    weight = serializers.FloatField()
    inclusion = serializers.FloatField(help_text="Its probability to be drawn.")


class DrawSerializer(serializers.ModelSerializer[Draw]):
    pool = serializers.SerializerMethodField()
    drawn = serializers.SerializerMethodField(help_text="Names in the order of the slots.")

    class Meta:
        model = Draw
        fields = ("is_replacement", "seed", "rule", "pool", "drawn", "at")

    @extend_schema_field(ChanceSerializer(many=True))
    def get_pool(self, draw: Draw) -> list[dict[str, Any]]:
        names = self.context["names"]
        return [{**chance, "model": names.get(chance["model"], "")} for chance in draw.pool]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_drawn(self, draw: Draw) -> list[str]:
        return [self.context["names"].get(model, "") for model in draw.drawn]


class VoteOfTurn(serializers.ModelSerializer[Vote]):
    """`choice` is empty where the person's data were erased."""

    model_a = serializers.CharField(source="model_a.name")
    model_b = serializers.CharField(source="model_b.name")
    comment = WrittenField()
    flagged = serializers.BooleanField(help_text="What was noticed of it suffices to doubt it.")
    signals = serializers.ListField(
        source="signals.found", allow_null=True, read_only=True, child=serializers.CharField()
    )

    class Meta:
        model = Vote
        fields = (
            *("choice", "model_a", "model_b", "blind", "mode", "custom", "cached", "language", "topic"),
            *("reasons_a", "reasons_b", "comment", "style_a", "style_b"),
            *("first_text_ms_a", "first_text_ms_b", "total_ms_a", "total_ms_b"),
            *("failed_a", "failed_b", "replaced_a", "replaced_b", "leaked_a", "leaked_b", "leaks"),
            *("flagged", "signals", "ms_to_vote", "at"),
        )


class SpanSerializer(serializers.Serializer[Any]):
    """Where something was found, in characters of the text as it was typed."""

    start = serializers.IntegerField()
    end = serializers.IntegerField(help_text="The first character after it.")
    kind = serializers.CharField()
    rule = serializers.CharField()
    confidence = serializers.FloatField(help_text="From 0 to 1; no probability.")


@extend_schema_field(SpanSerializer(many=True))
class SpansField(serializers.Field[Any, Any, Any, Any]):
    """Spans as a check stores them."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"read_only": True, **more})

    def to_representation(self, value: list[list[Any]]) -> list[dict[str, Any]]:
        return [
            dict(zip(("start", "end", "kind", "rule", "confidence"), span, strict=True)) for span in value
        ]


class CheckOfTurn(serializers.ModelSerializer[TextCheck]):
    """What was found in a message before it went to a model, and what was done."""

    spans = SpansField()

    class Meta:
        model = TextCheck
        fields = ("outcome", "kinds", "spans", "rules_version")


class TurnOfConversation(serializers.ModelSerializer[Turn]):
    text = WrittenField(help_text="The message as the models got it: masked, where the study masks.")
    text_check = CheckOfTurn(allow_null=True, read_only=True)
    draws = DrawSerializer(many=True)
    responses = ResponseSerializer(many=True, help_text="Those that were replaced too.")
    choice = ChoiceSerializer(allow_null=True, read_only=True)
    vote = VoteOfTurn(allow_null=True, read_only=True)

    class Meta:
        model = Turn
        fields = ("number", "at", "text", "text_check", "draws", "responses", "choice", "vote")


class TurnSerializer(TurnOfConversation):
    conversation = code_of("conversation.code")
    participant = code_of("conversation.enrolment.code")

    class Meta(TurnOfConversation.Meta):
        fields = ("conversation", "participant", *TurnOfConversation.Meta.fields)  # type: ignore[assignment]


class FeedbackSerializer(serializers.ModelSerializer[Feedback]):
    text = WrittenField()
    texts = serializers.DictField(child=WrittenField(), help_text="Written to the study's own questions.")

    class Meta:
        model = Feedback
        fields = ("performance", "choice", "blocks", "order", "text", "texts", "at")


class OpeningSerializer(serializers.ModelSerializer[Opening]):
    """The message that several people get, or that chance left this person one of their own."""

    class Meta:
        model = Opening
        fields = ("key", "language", "chance", "pool", "seed", "at")


class WholeConversationSerializer(ConversationSerializer):
    turns = TurnOfConversation(many=True)  # type: ignore[assignment]
    feedback = FeedbackSerializer(allow_null=True, read_only=True)
    opening = OpeningSerializer(allow_null=True, read_only=True)
    picked = serializers.SerializerMethodField(help_text="Models that the person picked by hand.")

    class Meta(ConversationSerializer.Meta):
        fields = (*ConversationSerializer.Meta.fields, "picked", "opening", "feedback")  # type: ignore[assignment]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_picked(self, talk: Conversation) -> list[str]:
        return [self.context["names"].get(model, "") for model in talk.picked]


class RatingSerializer(RatingOfResponse):
    conversation = code_of("response.turn.conversation.code")
    participant = code_of("response.turn.conversation.enrolment.code")
    turn = serializers.IntegerField(source="response.turn.number")
    slot = serializers.CharField(source="response.slot")
    model = serializers.CharField(source="response.model.name")
    is_chosen = serializers.SerializerMethodField(help_text="Whether this answer won the turn.")

    class Meta(RatingOfResponse.Meta):
        fields = (  # type: ignore[assignment]
            *("conversation", "participant", "turn", "slot", "model", "is_chosen"),
            *RatingOfResponse.Meta.fields,
        )

    def get_is_chosen(self, rating: Rating) -> bool:
        choice = getattr(rating.response.turn, "choice", None)
        return choice is not None and choice.response_id == rating.response_id


class VoteSerializer(VoteOfTurn):
    conversation = code_of("turn.conversation.code")
    participant = code_of("turn.conversation.enrolment.code")
    turn = serializers.IntegerField(source="turn.number")

    class Meta(VoteOfTurn.Meta):
        fields = ("conversation", "participant", "turn", *VoteOfTurn.Meta.fields)  # type: ignore[assignment]


class ReactionSerializer(ReactionOfResponse):
    conversation = code_of("response.turn.conversation.code")
    participant = code_of("response.turn.conversation.enrolment.code")
    turn = serializers.IntegerField(source="response.turn.number")
    slot = serializers.CharField(source="response.slot")
    model = serializers.CharField(source="response.model.name")

    class Meta(ReactionOfResponse.Meta):
        fields = (  # type: ignore[assignment]
            *("conversation", "participant", "turn", "slot", "model"),
            *ReactionOfResponse.Meta.fields,
        )


class ReportSerializer(serializers.ModelSerializer[Report]):
    """Who reports is not told: it may be whoever has a shared link."""

    conversation = code_of("conversation.code")
    participant = code_of("conversation.enrolment.code", help_text="Whose conversation it is.")
    text = WrittenField()

    class Meta:
        model = Report
        fields = ("conversation", "participant", "kind", "text", "at")
