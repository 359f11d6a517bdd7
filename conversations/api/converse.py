"""Conversations that a program holds for a participant: the verbs of the participant's own pages.

A program acts only for people who came in through one, see `surveys.programs`. It learns what the pages show,
through the very functions that fill them: so no answer names a model before the reveal.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import chat, repeats, second_ratings, stopping
from conversations.api import converse_serializers as shapes
from conversations.api import forms
from conversations.api.asks import asks
from conversations.arena import asking, sharing, voting
from conversations.arena.visiting import is_arena, rules
from conversations.ballots import CUSTOM
from conversations.models import Conversation, Repeat
from conversations.refusals import Held, Refused
from conversations.situation import Situation
from conversations.views.acts import at_a_persons_pace
from conversations.views.arena.doors import at_a_persons_pace as at_a_visitors_pace
from conversations.views.arena.shapes import talk_context
from conversations.views.conversation import find
from conversations.views.feedback import give
from conversations.views.scales import scale_context
from conversations.views.shapes import conversation_context, turn_view
from conversations.views.suggesting import note_topic
from prism.lib.codes import form_key
from surveys import entry, journey, programs
from surveys.access import Right, person
from surveys.api.problems import NotNow, said
from surveys.api.views import OfStudy
from surveys.models import Enrolment
from surveys.models.token import Scope
from surveys.panels import EntryError
from surveys.views.visit import Visit

STAGE = "conversations"


class Conversing(OfStudy):
    """A view for programs that face participants; who runs the study may let one do so."""

    scope = Scope.CONVERSE
    right = write_right = Right.RUN
    queryset = Conversation.objects.none()

    @property
    def plain(self) -> HttpRequest:
        return self.request._request

    @cached_property
    def visit(self) -> Visit:
        """The person, on the program's device."""
        device = programs.taking_part(self.study, self.kwargs["code"])
        journey.seen(device.enrolment)
        return Visit(self.study, device.enrolment, device)

    def in_stage(self) -> Visit:
        """The person, where conversations are due. Raises NotNow elsewhere, as pages lead away."""
        where = self.visit.enrolment
        if where.stage != STAGE or where.is_over:
            journey.destination(where)
        if where.stage != STAGE or where.is_over:
            text = _("The person is in the stage “%(stage)s”: let them open their own link.")
            raise NotNow(text % {"stage": where.stage})
        return self.visit

    def link(self, enrolment: Enrolment) -> str:
        return self.plain.build_absolute_uri(entry.resume_path(enrolment))

    def participant(self, visit: Visit) -> dict[str, Any]:
        return dict(shapes.ParticipantSerializer(self._described(visit)).data)

    def _described(self, visit: Visit) -> dict[str, Any]:
        enrolment = visit.enrolment
        journey.destination(enrolment)
        may_talk = enrolment.stage == STAGE and not enrolment.is_over
        open_one = Conversation.objects.readable_by(visit.device).unfinished().order_by("id").first()
        return {
            "code": enrolment.code,
            "is_test": enrolment.is_test,
            "stage": enrolment.stage,
            "outcome": enrolment.outcome or None,
            "link": self.link(enrolment),
            "open_conversation": open_one.code if open_one else None,
            "has_answers_to_rate": may_talk and repeats.due(enrolment) is not None,
            **(choices(visit) if may_talk else {"kinds": [], "modes": [], "models": []}),
        }


def choices(visit: Visit) -> dict[str, Any]:
    """What kinds of conversations the person can begin now."""
    nothing: dict[str, Any] = {"kinds": [], "modes": [], "models": []}
    newest, protocol = rules(visit.study), chat.current_protocol(visit.enrolment)
    if newest and newest.parsed().ballot:
        if asking.is_full(visit.enrolment, visit.device, newest):
            return nothing
        modes = asking.modes(visit.study, newest)
        names = asking.choosable(visit.study).values_list("name", flat=True) if CUSTOM in modes else ()
        return nothing | {"modes": modes, "models": list(names)}
    if protocol is None:
        return nothing
    left = chat.remaining(visit.enrolment, protocol, visit.device)
    kinds = protocol.spoken().types
    described = [
        {"key": kind.key, "label": kind.label, "text": kind.text, "left": left[kind.key]} for kind in kinds
    ]
    return nothing | {"kinds": described}


class Participants(Conversing):
    """People who take part through a program."""

    serializer_class = shapes.ParticipantSerializer

    @extend_schema(request=shapes.NewParticipant, responses={201: shapes.ParticipantSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Bring somebody in; the same key is the same person. Consent and survey stand behind their link."""
        given = shapes.NewParticipant(data=request.data)
        given.is_valid(raise_exception=True)
        key, is_test = given.validated_data["key"], given.validated_data["is_test"]
        try:
            enrolment, is_new = programs.bring_in(self.study, key, person(self.plain), is_test=is_test)
        except EntryError as error:
            raise NotNow(str(error)) from error
        device = programs.taking_part(self.study, enrolment.code)
        found = self.participant(Visit(self.study, device.enrolment, device))
        return Response(found, status=201 if is_new else 200)


class OneParticipant(Conversing):
    """Where somebody is, and what they can begin."""

    serializer_class = shapes.ParticipantSerializer

    def get(self, request: Request, slug: str, code: str) -> Response:
        return Response(self.participant(self.visit))


def told(talk: Conversation, here: Situation) -> dict[str, Any]:
    """The conversation as its page shows it."""
    shown = talk_context if talk.protocol.parsed().ballot else conversation_context
    context = shown(talk, here, {})
    found = {
        "talk": talk,
        "here": here,
        "is_revealed": talk.revealed_at is not None,
        "turns": [*context["earlier"], *([context["latest"]] if context["latest"] else [])],
        "choosable": context.get("choosable", []),
        "given_text": context.get("given_text", ""),
        "asks": asks(talk, here, context),
    }
    return dict(shapes.SeenSerializer(found).data)


def refused(refusal: Refused) -> Response:
    """A refusal as a problem; with what was found in a text that was held back."""
    if isinstance(refusal, Held):
        held = {"found": list(refusal.found), "may_send_anyway": refusal.may_send_anyway}
        return said(409, str(refusal), notice=refusal.notice, **held)
    return said(409, str(refusal))


class Begin(Conversing):
    """Begin a conversation; one with ratings that is open is given back instead."""

    serializer_class = shapes.SeenSerializer

    @extend_schema(request=shapes.Wish, responses={201: shapes.SeenSerializer})
    def post(self, request: Request, slug: str, code: str) -> Response:
        given = shapes.Wish(data=request.data)
        given.is_valid(raise_exception=True)
        visit = self.in_stage()
        try:
            talk = begun(visit, given.validated_data)
        except Refused as refusal:
            return refused(refusal)
        return Response(told(talk, chat.look(talk)), status=201)


def begun(visit: Visit, given: dict[str, Any]) -> Conversation:
    if not is_arena(visit.study):
        may_begin(visit)
        return find(visit, chat.start(visit.enrolment, visit.device, given["type"]).code)
    at_a_visitors_pace(visit)
    wish = asking.Wish(
        text=given["text"],
        key=form_key(given["key"]),
        mode=given["mode"],
        picked=given["picked"],
        topic=given["topic"],
        is_sent_anyway=given["anyway"],
    )
    talk = asking.ask(visit.enrolment, visit.device, wish)[0]
    return find(visit, talk.code)


def may_begin(visit: Visit) -> None:
    """As the page, which leads to what is open or waits before anything new begins. Raises Refused."""
    is_open = Conversation.objects.readable_by(visit.device).unfinished().exists()
    if not is_open and repeats.due(visit.enrolment):
        raise Refused(_("Please rate the answers that wait first."))


class ToRate(Conversing):
    """A set of answers that waits to be rated, apart from any conversation. Nothing need be said about it."""

    serializer_class = shapes.SetSerializer

    def waiting(self) -> Repeat:
        found = repeats.due(self.visit.enrolment)
        if found is None or not self.visit.device.may_read(found.turn.conversation.device_id):  # type: ignore[union-attr]
            raise Http404
        return found

    def get(self, request: Request, **kwargs: Any) -> Response:
        found = answers_to_rate(self.waiting())
        return Response(shapes.SetSerializer(found).data)

    @extend_schema(request=shapes.Judgement, responses=shapes.ParticipantSerializer)
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Rate the set; `turn` is its number."""
        sent = shapes.Judgement(data=request.data)
        sent.is_valid(raise_exception=True)
        given, waiting = sent.validated_data, self.waiting()
        found = forms.scores(given["scores"], waiting.turn.conversation.protocol.parsed())  # type: ignore[union-attr]
        try:
            second_ratings.rate(self.in_stage().enrolment, given["turn"], found, given["best"])
        except Refused as refusal:
            return refused(refusal)
        return Response(self.participant(self.visit))


def answers_to_rate(repeat: Repeat) -> dict[str, Any]:
    turn = repeat.turn
    assert turn is not None  # else nothing would wait
    rules = turn.conversation.protocol.spoken()
    view = replace(turn_view(turn, repeats.again(repeat), {}, rules), number=repeat.pk)
    return {"turn": view, "asks": scale_context(rules.rating, len(view.slots))}


class OneTalk(Conversing):
    """A conversation as its person sees it now: text as it comes where the protocol lets it be seen."""

    serializer_class = shapes.SeenSerializer

    def get(self, request: Request, slug: str, code: str, talk: str) -> Response:
        found = find(self.visit, talk)
        return Response(told(found, chat.look(found)))


class Act(Conversing, ABC):
    """One thing that the person does in a conversation."""

    serializer_class = shapes.SeenSerializer
    body: type[shapes.Sent] = shapes.Nothing

    @abstractmethod
    def do(self, talk: Conversation, given: dict[str, Any]) -> Situation | None:
        """Do it; raises Refused."""

    def at_a_persons_pace(self, talk: Conversation) -> None:
        """Every message calls models, which costs money. Raises Refused."""
        if talk.protocol.parsed().ballot:
            at_a_visitors_pace(self.visit)
        else:
            at_a_persons_pace(talk)

    def post(self, request: Request, slug: str, code: str, talk: str) -> Response:
        sent = self.body(data=request.data)
        sent.is_valid(raise_exception=True)
        found = find(self.in_stage(), talk)
        try:
            here = self.do(found, sent.validated_data)
        except Refused as refusal:
            return refused(refusal)
        found.refresh_from_db(fields=["state", "revealed_at"])
        return Response(told(found, here or chat.look(found)))


def act(body: type[shapes.Sent]) -> Callable[[type[Act]], type[Act]]:
    """Give an act the body that it takes, in the description too."""

    def decorate(view: type[Act]) -> type[Act]:
        view.body = body
        described: type[Act] = extend_schema_view(post=extend_schema(request=body))(view)
        return described

    return decorate


@act(shapes.Message)
class Say(Act):
    """Send a message; the models answer it. Ask for the conversation until `now` is no more “answering”."""

    def do(self, talk: Conversation, given: dict[str, Any]) -> Situation:
        self.at_a_persons_pace(talk)
        here = chat.say(talk, given["text"], form_key(given["key"]), given["anyway"])
        if here.turn and here.turn.number == 0:
            note_topic(talk, given["topic"])
        return here


@act(shapes.Again)
class Again(Act):
    """Ask again where no answer arrived."""

    def do(self, talk: Conversation, given: dict[str, Any]) -> None:
        self.at_a_persons_pace(talk)
        chat.try_again(talk, form_key(given["key"]))


@act(shapes.OfTurn)
class Stop(Act):
    """Stop the answers of the newest message; what has arrived stays."""

    def do(self, talk: Conversation, given: dict[str, Any]) -> None:
        stopping.stop(talk, given["turn"])


@act(shapes.Judgement)
class Rate(Act):
    """Rate the newest answers, as the scale of the protocol asks; once."""

    def do(self, talk: Conversation, given: dict[str, Any]) -> None:
        found = forms.scores(given["scores"], talk.protocol.parsed())
        chat.rate(talk, given["turn"], found, given["best"])


@act(shapes.ChosenSlot)
class Choose(Act):
    """Choose the answer to go on with, where the person is asked to."""

    def do(self, talk: Conversation, given: dict[str, Any]) -> None:
        chat.choose(talk, given["slot"])


@act(shapes.Nothing)
class Finish(Act):
    """End the talk; feedback is due next."""

    def do(self, talk: Conversation, given: dict[str, Any]) -> None:
        chat.finish(talk)


@act(shapes.GivenFeedback)
class Feedback(Act):
    """Say what the protocol asks of the whole conversation, which is over then."""

    def do(self, talk: Conversation, given: dict[str, Any]) -> None:
        give(forms.feedback_form(given), talk)
        journey.destination(self.visit.enrolment)


@act(shapes.GivenVote)
class Vote(Act):
    """Vote between the two newest answers, once."""

    def do(self, talk: Conversation, given: dict[str, Any]) -> None:
        voting.vote(
            talk,
            given["turn"],
            voting.Given(
                choice=given["choice"],
                reasons=given["reasons"],
                comment=given["comment"],
                language=given["language"] or get_language() or "",
                is_sent_anyway=given["anyway"],
            ),
        )


@act(shapes.GivenReaction)
class React(Act):
    """A thumb on one answer; it never becomes a vote."""

    def do(self, talk: Conversation, given: dict[str, Any]) -> None:
        thumb = voting.Thumb(given["liked"], given["reasons"], given["comment"], given["anyway"])
        voting.react(talk, given["turn"], given["slot"], thumb)


@act(shapes.Nothing)
class Reveal(Act):
    """Let the person know the models from now on; votes after it are marked."""

    def do(self, talk: Conversation, given: dict[str, Any]) -> None:
        voting.reveal(talk)


@act(shapes.GivenReport)
class Report(Act):
    """Ask the team to look at the conversation."""

    def do(self, talk: Conversation, given: dict[str, Any]) -> None:
        sharing.report(talk, given["kind"], given["text"])


ACTS: tuple[type[Act], ...] = (
    *(Say, Again, Stop, Rate, Choose, Finish, Feedback),
    *(Vote, React, Reveal, Report),
)
