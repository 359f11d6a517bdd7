"""What is stored of a participant, for that participant: everything they gave, nothing that unblinds."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from conversations import chat
from conversations.models import Conversation
from surveys.answers import current_rows, questionnaire_for
from surveys.models import Enrolment
from surveys.views.visit import Visit, participant_page, untrusted_device


@require_safe
@participant_page
def my_data(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A download of all one's own answers, messages, ratings and feedback; on a trusted device only."""
    if not visit.device.is_trusted:
        return untrusted_device(request)
    response = JsonResponse(
        own_record(visit.enrolment), json_dumps_params={"ensure_ascii": False, "indent": 1}
    )
    response["Content-Disposition"] = f'attachment; filename="{visit.enrolment.code}.json"'
    return response


def own_record(enrolment: Enrolment) -> dict[str, Any]:
    """Code, consent, answers and conversations of one person; models appear as slot letters only."""
    talks = Conversation.objects.filter(enrolment=enrolment).select_related("protocol").order_by("id")
    return {
        "code": enrolment.code,
        "outcome": enrolment.outcome,
        "consents": list(
            enrolment.consents.values("document__key", "document__version", "agreed", "boxes", "at")
        ),
        "answers": _answers(enrolment),
        "conversations": [_conversation(talk) for talk in talks],
    }


def _answers(enrolment: Enrolment) -> dict[str, Any]:
    if enrolment.study.questionnaire_id is None:
        return {}
    rows = current_rows(enrolment, questionnaire_for(enrolment))
    return {key: {"value": row.value, "status": row.status} for key, row in rows.items()}


def _conversation(talk: Conversation) -> dict[str, Any]:
    feedback = getattr(talk, "feedback", None)
    return {
        "code": talk.code,
        "type": talk.type,
        "state": talk.state,
        "turns": [_turn(turn) for turn in talk.turns.select_related("choice__response").order_by("number")],
        "feedback": feedback
        and {"performance": feedback.performance, "choice": feedback.choice, "text": feedback.text},
    }


def _turn(turn: Any) -> dict[str, Any]:
    return {
        "number": turn.number,
        "text": turn.text,
        "answers": {
            r.slot: {"text": r.text, "score": r.rating.score if hasattr(r, "rating") else None}
            for r in chat.shown(turn)
        },
        "chosen": turn.choice.response.slot if hasattr(turn, "choice") else None,
    }
