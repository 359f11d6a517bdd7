"""Plain functions that make rows for tests; every argument has a default that suits most of them."""

from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from django.utils import timezone

from accounts.models import User
from conversations import protocols
from conversations.models import (
    Choice,
    Conversation,
    Draw,
    Feedback,
    LanguageModel,
    PoolEntry,
    Protocol,
    Provider,
    Rating,
    Reaction,
    Report,
    Response,
    TextCheck,
    Turn,
    Vote,
)
from surveys.models import (
    Answer,
    Consent,
    ConsentDocument,
    Device,
    Enrolment,
    Membership,
    PageSubmission,
    PanelSubmission,
    Participant,
    Presentation,
    Questionnaire,
    Study,
)
from surveys.models.people import Role
from surveys.models.study import sha256
from surveys.questionnaires import display_order

INSTRUMENT = Path(__file__).parents[1] / "surveys" / "instruments" / "prism.yaml"
ATTRIBUTES = ("values", "fluency", "factuality", "safety", "diversity", "creativity", "helpfulness")
CONSENT_BOXES = [
    {"key": "consent", "label": "I agree to take part in this study", "required": True},
    {"key": "consent_age", "label": "I am at least 18 years old", "required": True},
]
SURVEY_ANSWERS: dict[str, Any] = {
    "lm_familiarity": "Somewhat familiar",
    "lm_indirect_use": "Yes",
    "lm_direct_use": "Yes",
    "lm_frequency_use": "Every week",
    "lm_usecases": ["research", "well-being_guidance", "other"],
    "lm_usecases_text": {"other": "Naming my plants"},
    "self_description": "I try to be fair and I like to hear both sides before I decide.",
    "stated_prefs": {
        "values": 41,
        "creativity": 62,
        "fluency": 88,
        "factuality": 93,
        "diversity": 70,
        "safety": 77,
        "personalisation": 55,
        "helpfulness": 96,
        "other": None,
    },
    "stated_prefs_text": None,
    "system_string": "Answer briefly, name your sources and tell me when you are not sure.",
    "age": "35-44 years old",
    "gender": "Female",
    "gender_text": None,
    "employment_status": "Unemployed and looking for work",
    "marital_status": "Divorced/Separated",
    "education": "Vocational or Similar",
    "reside_country": "GBR",
    "birth_country": "IND",
    "ethnicity": "Self-describe [please type]",
    "ethnicity_text": {"Self-describe [please type]": "British Indian"},
    "religion": "Prefer not to say",
    "religion_text": None,
    "english_proficiency": "Fluent",
}
_numbers = count(1)


def make_user(email: str = "", **fields: Any) -> User:
    return User.objects.create_user(email or f"person{next(_numbers)}@example.org", **fields)


def make_member(study: Study, role: str = Role.OWNER, email: str = "", **rights: bool) -> User:
    """A user with `role` in the study; `may_export_full=True` and the like grant the extra rights."""
    user = make_user(email)
    Membership.objects.create(study=study, user=user, role=role, **rights)
    return user


def make_study(**fields: Any) -> Study:
    """An open study with the PRISM questionnaire and protocol and a consent document, without models."""
    number = next(_numbers)
    study = Study.objects.create(
        **{
            "slug": f"study-{number}",
            "title": f"Study {number}",
            "state": Study.State.OPEN,
            "locale": "uk",
            "questionnaire": Questionnaire.load(INSTRUMENT.read_text(encoding="utf-8")),
            "consent_document": ConsentDocument.load(
                "prism", "Taking part", "What it is about.", CONSENT_BOXES
            ),
            **fields,
        }
    )
    document = protocols.preset("prism")
    Protocol.objects.create(study=study, version=1, document=document, sha256=sha256(document))
    return study


def make_models(n: int = 4, study: Study | None = None) -> list[LanguageModel]:
    """`n` models of a fake provider, in the study's pool if one is given."""
    provider = Provider.objects.filter(name="Local fake").first() or Provider.objects.create(
        name="Local fake", base_url="http://127.0.0.1:1/v1", is_fake=True
    )
    models = LanguageModel.objects.bulk_create(_new_model(provider, next(_numbers)) for _ in range(n))
    if study:
        PoolEntry.objects.bulk_create(PoolEntry(study=study, model=model) for model in models)
    return models


def _new_model(provider: Provider, number: int) -> LanguageModel:
    return LanguageModel(
        provider=provider,
        identifier=f"fake-{number}",
        name=f"maker/fake-{number}-chat",
        short_name=f"fake-{number}",
        code=f"F{number}",
        family="Fake",
        maker="Fake-Works",
        parameters={"temperature": 1.0},
    )


def make_enrolment(
    study: Study, *, finished_survey: bool = False, answers: dict[str, Any] | None = None, **fields: Any
) -> Enrolment:
    """Somebody who arrived from a panel; with `finished_survey` they consented and answered every page.

    `answers` replace single ones of SURVEY_ANSWERS.
    """
    enrolment = Enrolment.objects.create(
        study=study,
        participant=Participant.objects.create(),
        arrived_at=timezone.now() - timedelta(hours=1),
        **fields,
    )
    Device.objects.create(enrolment=enrolment, is_trusted=True)
    PanelSubmission.objects.create(
        enrolment=enrolment,
        panel_study="panelstudy1",
        digest=f"digest{next(_numbers)}",
        encrypted_session="x",
    )
    if finished_survey:
        finish_survey(enrolment, SURVEY_ANSWERS | (answers or {}))
    return enrolment


def finish_survey(enrolment: Enrolment, answers: dict[str, Any]) -> None:
    """Consent and one submit of each page, with the orders in which shuffled questions were shown."""
    study, device = enrolment.study, enrolment.devices.get()
    assert study.consent_document is not None
    assert study.questionnaire is not None
    Consent.objects.create(
        enrolment=enrolment,
        document=study.consent_document,
        document_sha256=study.consent_document.sha256,
        agreed=True,
        boxes={"consent": True, "consent_age": True},
    )
    parsed = study.questionnaire.parsed()
    shown = parsed.shown_answers(answers)
    pages = {page.key: {key: shown.get(key) for key in page.answer_keys} for page in parsed.pages}
    submit_pages(enrolment, device, pages)
    Presentation.objects.bulk_create(
        Presentation(
            enrolment=enrolment,
            questionnaire=study.questionnaire,
            question=question.key,
            order=display_order(question, enrolment.order_seed),
        )
        for page in parsed.pages
        for question in page.questions
        if question.shuffle and question.key in shown
    )
    enrolment.survey_finished_at = timezone.now() - timedelta(minutes=40)
    enrolment.save(update_fields=["survey_finished_at"])


def submit_page(enrolment: Enrolment, device: Device, page: str, values: dict[str, Any]) -> PageSubmission:
    return submit_pages(enrolment, device, {page: values})[0]


def submit_pages(
    enrolment: Enrolment, device: Device, pages: dict[str, dict[str, Any]]
) -> list[PageSubmission]:
    """One submit of each of these pages, with these answers."""
    submissions = PageSubmission.objects.bulk_create(
        PageSubmission(
            enrolment=enrolment,
            questionnaire=enrolment.study.questionnaire,
            device=device,
            page=page,
            key=f"key{next(_numbers)}",
        )
        for page in pages
    )
    Answer.objects.bulk_create(
        Answer(
            submission=submission,
            question=key,
            value=value,
            status=Answer.Status.ANSWERED if value is not None else Answer.Status.NOT_SHOWN,
        )
        for submission, values in zip(submissions, pages.values(), strict=True)
        for key, value in values.items()
    )
    return submissions


def make_conversation(
    enrolment: Enrolment,
    *,
    turns: int = 2,
    complete: bool = True,
    models: list[LanguageModel] | None = None,
    type: str = "unguided",
    **fields: Any,
) -> Conversation:
    """A conversation whose first turn is answered by `models` (by default 4 new ones), later ones by the
    winner twice; rated and chosen, slot A best. Complete ones have feedback."""
    models = models or make_models(4)
    started = timezone.now() - timedelta(minutes=20)
    conversation = Conversation.objects.create(
        enrolment=enrolment,
        study=enrolment.study,
        protocol=enrolment.study.protocols.latest("version"),
        device=enrolment.devices.get(),
        type=type,
        started_at=started,
        **fields,
    )
    if turns:
        _make_turns(conversation, 0, [models, *[[models[0]] * 2] * (turns - 1)])
    if complete:
        _complete(conversation)
    return conversation


def make_turn(conversation: Conversation, number: int, models: list[LanguageModel]) -> Turn:
    return _make_turns(conversation, number, [models])[0]


def _make_turns(conversation: Conversation, first: int, models: list[list[LanguageModel]]) -> list[Turn]:
    """One turn for each of these lists of models, from the number `first` on."""
    turns = Turn.objects.bulk_create(
        Turn(
            conversation=conversation,
            number=number,
            key=f"key{next(_numbers)}",
            text=f"What should I think about question number {number}?",
        )
        for number in range(first, first + len(models))
    )
    draws = Draw.objects.bulk_create(
        Draw(turn=turn, seed="seed", rule={}, pool=[], drawn=[model.pk for model in drawn])
        for turn, drawn in zip(turns, models, strict=True)
    )
    responses = Response.objects.bulk_create(
        _new_response(draw.turn, "ABCDEFGH"[slot], model, draw=draw)
        for draw, drawn in zip(draws, models, strict=True)
        for slot, model in enumerate(drawn)
    )
    Rating.objects.bulk_create(
        Rating(response=response, score=90 - 10 * "ABCDEFGH".index(response.slot)) for response in responses
    )
    Choice.objects.bulk_create(
        Choice(turn=response.turn, response=response, rule="highest")
        for response in responses
        if response.slot == "A"
    )
    return turns


def make_response(turn: Turn, slot: str, model: LanguageModel, **fields: Any) -> Response:
    response = _new_response(turn, slot, model, **fields)
    response.save(force_insert=True)
    return response


def _new_response(turn: Turn, slot: str, model: LanguageModel, **fields: Any) -> Response:
    return Response(
        **{
            "turn": turn,
            "slot": slot,
            "model": model,
            "seed": next(_numbers),
            "state": Response.State.DONE,
            "text": f"This is the answer in slot {slot} of turn {turn.number}, and it is a fair one.",
            "first_text_ms": 300,
            "total_ms": 2000,
            "finished_at": timezone.now(),
            **fields,
        }
    )


def make_vote(turn: Turn, choice: str = "a_better", **fields: Any) -> Vote:
    """A blind vote on the first two answers of a turn."""
    a, b = turn.responses.shown().select_related("model", "draw").order_by("slot")[:2]
    return Vote.objects.create(
        **{
            "turn": turn,
            "choice": choice,
            "response_a": a,
            "response_b": b,
            "model_a": a.model,
            "model_b": b.model,
            "draw": a.draw,
            "blind": True,
            "mode": "random",
            "language": "en",
            "total_ms_a": a.total_ms,
            "total_ms_b": b.total_ms,
            **fields,
        }
    )


def make_reaction(response: Response, liked: bool | None = True, **fields: Any) -> Reaction:
    return Reaction.objects.create(**{"response": response, "liked": liked, "blind": True, **fields})


def make_text_check(conversation: Conversation, **fields: Any) -> TextCheck:
    """A look at a text in which an address was masked."""
    given = {"place": "message", "outcome": "masked", "kinds": {"email": 1}, "digest": "d" * 64}
    return TextCheck.objects.create(conversation=conversation, rules_version=1, **given | fields)


def make_report(conversation: Conversation, **fields: Any) -> Report:
    return Report.objects.create(
        **{"conversation": conversation, "kind": "other", "text": "Please look at this.", **fields}
    )


def _complete(conversation: Conversation) -> None:
    answered = {"value": 60, "status": "answered", "trace": {}}
    Feedback.objects.create(
        conversation=conversation,
        performance=dict.fromkeys(ATTRIBUTES, answered)
        | {"diversity": {"value": None, "status": "not_applicable", "trace": {}}},
        choice=dict.fromkeys(ATTRIBUTES, answered)
        | {"safety": {"value": None, "status": "untouched", "trace": {}}},
        text="The first answer was clear and to the point.",
    )
    conversation.state = Conversation.State.COMPLETE
    conversation.chat_finished_at = conversation.started_at + timedelta(minutes=8)
    conversation.finished_at = conversation.started_at + timedelta(minutes=9, seconds=30)
    conversation.save(update_fields=["state", "chat_finished_at", "finished_at"])
