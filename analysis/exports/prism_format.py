"""The rows of the PRISM release, keys in its order of 24 April 2024 (Kirk et al., arXiv 2404.16019)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from analysis.exports.flags import Finds, flags, look_at_comment, look_at_message
from analysis.exports.people import ReleasedConversation, ReleasedPerson, ReleasedTurn, SurveyAnswers
from conversations.models import LanguageModel, Rating, Response, TextCheck
from prism.lib.language import identify
from surveys.coding import simplified
from surveys.countries import country, special_region
from surveys.questionnaires import DECLINED

Row = dict[str, Any]
Models = Mapping[int, LanguageModel]

SURVEY = "survey.jsonl"
CONVERSATIONS = "conversations.jsonl"
UTTERANCES = "utterances.jsonl"
METADATA = "metadata.jsonl"
MODELS = "models.jsonl"
RATINGS = "ratings.jsonl"  # beyond PRISM's: only where answers were rated otherwise than by sliders
PRISMS = (SURVEY, CONVERSATIONS, UTTERANCES, METADATA, MODELS)
FILES = (*PRISMS, RATINGS)

CONSENT = {
    "consent": "Yes, I consent to take part",
    "consent_age": "I certify that I am 18 years of age or over",
}
USE_CASES = (
    "homework_assistance",
    "research",
    "source_suggestions",
    "professional_work",
    "creative_writing",
    "casual_conversation",
    "personal_recommendations",
    "daily_productivity",
    "technical_or_programming_help",
    "travel_guidance",
    "lifestyle_and_hobbies",
    "well-being_guidance",
    "medical_guidance",
    "financial_guidance",
    "games",
    "historical_or_news_insight",
    "relationship_advice",
    "language_learning",
    "other",
)
STATED_PREFERENCES = (
    "values",
    "creativity",
    "fluency",
    "factuality",
    "diversity",
    "safety",
    "personalisation",
    "helpfulness",
    "other",
)
ATTRIBUTES = ("values", "fluency", "factuality", "safety", "diversity", "creativity", "helpfulness")


def survey_row(person: ReleasedPerson) -> Row:
    survey, enrolment = person.survey, person.enrolment
    return {
        "user_id": person.code,
        "survey_only": not person.conversations,
        "num_completed_conversations": len(person.conversations),
        "consent": _consent(person, "consent"),
        "consent_age": _consent(person, "consent_age"),
        "lm_familiarity": survey.released("lm_familiarity"),
        "lm_indirect_use": survey.released("lm_indirect_use"),
        "lm_direct_use": survey.released("lm_direct_use"),
        "lm_frequency_use": survey.released("lm_frequency_use"),
        "self_description": survey.values.get("self_description"),
        "system_string": survey.values.get("system_string"),
        "age": survey.released("age"),
        "gender": survey.released("gender"),
        "employment_status": survey.released("employment_status"),
        "education": survey.released("education"),
        "marital_status": survey.released("marital_status"),
        "english_proficiency": survey.released("english_proficiency"),
        "study_id": person.panel_study,
        "study_locale": enrolment.study.locale.lower() or None,
        "religion": _self_described(survey, "religion"),
        "ethnicity": _self_described(survey, "ethnicity"),
        "location": _location(survey),
        "lm_usecases": _use_cases(survey),
        "stated_prefs": _stated_preferences(survey),
        "order_lm_usecases": _order(survey, "lm_usecases", USE_CASES),
        "order_stated_prefs": _order(survey, "stated_prefs", STATED_PREFERENCES),
        **_timing(enrolment.arrived_at, enrolment.survey_finished_at),
        "included_in_US_REP": None,
        "included_in_UK_REP": None,
        "included_in_balanced_subset": None,
    }


def conversation_row(talk: ReleasedConversation, models: Models) -> Row:
    conversation, feedback = talk.conversation, getattr(talk.conversation, "feedback", None)
    return {
        "conversation_id": talk.code,
        "user_id": talk.user,
        "conversation_type": conversation.type,
        "opening_prompt": talk.turns[0].turn.text,
        "conversation_turns": len(talk.turns),
        "conversation_history": [item for turn in talk.turns for item in _history(turn, models)],
        "performance_attributes": _attributes(feedback.performance if feedback else {}),
        "choice_attributes": _attributes(feedback.choice if feedback else {}),
        "open_feedback": feedback.text if feedback else "",
        **_timing(conversation.started_at, conversation.finished_at),
        "included_in_balanced_subset": None,
    }


def utterance_rows(talk: ReleasedConversation, models: Models, first: int) -> Iterator[Row]:
    """One row a response; utterances are numbered on from `first`."""
    shown = [(turn, place, response) for turn in talk.turns for place, response in enumerate(turn.responses)]
    for number, (turn, place, response) in enumerate(shown, start=first):
        model = models[response.model_id]
        yield {
            "utterance_id": f"ut{number}",
            "interaction_id": turn.interaction,
            "conversation_id": talk.code,
            "user_id": talk.user,
            "turn": turn.number,
            "within_turn_id": place,
            "conversation_type": talk.conversation.type,
            "user_prompt": turn.turn.text,
            "model_response": response.text,
            "model_name": model.name,
            "model_provider": utterance_provider(model),
            "score": _score(response),
            "if_chosen": turn.is_chosen(response),
            "included_in_balanced_subset": None,
        }


def rating_rows(talk: ReleasedConversation, utterances: list[Row]) -> Iterator[Row]:
    """One row for each answer that was rated, on whatever scale; `utterances` are the rows of the answers."""
    shown = [response for turn in talk.turns for response in turn.responses]
    scale = talk.conversation.protocol.parsed().rating
    for row, response in zip(utterances, shown, strict=True):
        if rating := getattr(response, "rating", None):
            has_score = rating.kind in {Rating.Kind.SLIDER, Rating.Kind.LIKERT}
            yield {
                "utterance_id": row["utterance_id"],
                "interaction_id": row["interaction_id"],
                "conversation_id": talk.code,
                "user_id": talk.user,
                "scale": rating.kind,
                "minimum": scale.minimum if has_score else None,
                "maximum": scale.maximum if has_score else None,
                "score": rating.score,
                "place": rating.rank,
                "tie": rating.tie or None,
            }


def talk_metadata(talk: ReleasedConversation, utterances: list[Row], finds: Finds) -> Iterator[Row]:
    """One row each for the responses, the prompts and the feedback of a conversation."""
    for row in utterances:
        yield metadata_row("model_response", row["model_response"], row, finds)
    for turn in talk.turns:
        place = {"user_id": talk.user, "conversation_id": talk.code, "interaction_id": turn.interaction}
        yield metadata_row("user_prompt", turn.turn.text, place, finds, look_at_message(turn.turn))
    feedback = getattr(talk.conversation, "feedback", None)
    comment = feedback.text if feedback else ""
    place = {"user_id": talk.user, "conversation_id": talk.code}
    look = look_at_comment(talk.conversation, talk.looks, comment)
    yield metadata_row("open_feedback", comment, place, finds, look)


def survey_metadata(person: ReleasedPerson, finds: Finds) -> Iterator[Row]:
    """One row for each of the two free texts of the survey."""
    for column in ("self_description", "system_string"):
        text = person.survey.values.get(column) or ""
        yield metadata_row(column, text, {"user_id": person.code}, finds)


def metadata_row(
    column: str, text: str, place: Mapping[str, str], finds: Finds, look: TextCheck | None = None
) -> Row:
    """What is known of one text; `place` has the ids of where it stands."""
    language, known = identify(text), flags(text, finds, look)
    return {
        "column_id": column,
        "user_id": place["user_id"],
        "conversation_id": place.get("conversation_id"),
        "interaction_id": place.get("interaction_id"),
        "utterance_id": place.get("utterance_id"),
        "pii_flag": known["pii_flag"],
        "pii_manual_flag": known["pii_manual_flag"],
        "language_flag": language,
        "en_flag": None if language is None else language == "en",
        "moderation_flag": known["moderation_flag"],
    }


def model_row(model: LanguageModel, is_in_pool: bool) -> Row:
    return {
        "long_name": model.name,
        "short_name": model.short_name,
        "longcode": model.code,
        "model_family": model.family,
        "model_provider": model.maker or model.provider.name,
        # Misspelt in the release, and what is written for it reads the misspelling.
        "model_provider_type": "Open Access" if model.is_open_access else "Commerical",
        "model_type": model.kind,
        "default_params": _parameters(model.default_parameters),
        "selected_params": _parameters(model.parameters),
        "header": model.header,
        "link": model.link,
        "in_yaml": _yes(is_in_pool),
        "params_tested": _yes(model.tested_at is not None),
        "endpoint_live": _yes(model.status == LanguageModel.Status.ACTIVE and model.provider.is_on),
        "status": model.status,
    }


def utterance_provider(model: LanguageModel) -> str:
    """The provider as utterances spell it: `HuggingFace-API` becomes `huggingface_api`."""
    return (model.maker or model.provider.name).lower().replace("-", "_").replace(" ", "_")


def _consent(person: ReleasedPerson, box: str) -> str | None:
    return CONSENT[box] if person.boxes.get(box) else None


def _self_described(survey: SurveyAnswers, key: str) -> Row:
    """Own words and their categories; those wait for coding, except that a declined answer needs none."""
    value = survey.values.get(key)
    category = DECLINED if value == DECLINED else survey.coded.get(key)
    own_words = survey.text_beside(key, value) if value else None
    return {
        "self_described": own_words or survey.released(key),
        "categorised": category,
        "simplified": simplified(key, category) if category else None,
    }


def _location(survey: SurveyAnswers) -> Row:
    birth, reside = survey.values.get("birth_country"), survey.values.get("reside_country")
    born, lives = _place(birth), _place(reside)
    return {
        "birth_country": born["country"],
        "birth_countryISO": born["countryISO"],
        "birth_region": born["region"],
        "birth_subregion": born["subregion"],
        "reside_country": lives["country"],
        "reside_region": lives["region"],
        "reside_subregion": lives["subregion"],
        "reside_countryISO": lives["countryISO"],
        "same_birth_reside_country": _same(birth, reside),
        "special_region": special_region(birth) if birth else None,
    }


def _place(alpha3: str | None) -> dict[str, str | None]:
    if alpha3 is None or alpha3 == DECLINED:
        return dict.fromkeys(("country", "countryISO", "region", "subregion"), alpha3)
    found = country(alpha3)
    return {
        "country": found.name,
        "countryISO": found.alpha3,
        "region": found.region,
        "subregion": found.subregion,
    }


def _same(birth: str | None, reside: str | None) -> str | None:
    if birth is None or reside is None:
        return None
    return DECLINED if DECLINED in {birth, reside} else _yes(birth == reside)


def _use_cases(survey: SurveyAnswers) -> Row:
    chosen = survey.values.get("lm_usecases")
    marks = {key: None if chosen is None else int(key in chosen) for key in USE_CASES}
    return {**marks, "other_text": survey.text_beside("lm_usecases", "other")}


def _stated_preferences(survey: SurveyAnswers) -> Row:
    sliders = survey.values.get("stated_prefs") or {}
    scores = {key: _whole(sliders.get(key)) for key in STATED_PREFERENCES}
    return {**scores, "other_text": survey.text_beside("stated_prefs", "other")}


def _order(survey: SurveyAnswers, key: str, items: tuple[str, ...]) -> Row:
    """The place, from 1, in which each item was shown; null where the question was not shown."""
    order = survey.orders.get(key, []) if survey.values.get(key) is not None else []
    places = {item: place for place, item in enumerate(order, start=1)}
    return {item: places.get(item) for item in items}


def _timing(began: datetime, finished: datetime | None) -> Row:
    seconds = (finished - began).total_seconds() if finished else None
    return {
        "generated_datetime": _stamp(finished) if finished else None,
        "timing_duration_s": None if seconds is None else round(seconds, 2),
        "timing_duration_mins": None if seconds is None else round(seconds / 60, 2),
    }


def _stamp(moment: datetime) -> str:
    """In UTC, without saying so: the format knows no zone."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _history(turn: ReleasedTurn, models: Models) -> Iterator[Row]:
    yield {"turn": turn.number, "role": "user", "content": turn.turn.text}
    for place, response in enumerate(turn.responses):
        model = models[response.model_id]
        yield {
            "turn": turn.number,
            "role": "model",
            "content": response.text,
            "model_provider": utterance_provider(model),
            "model_name": model.name,
            "score": _score(response),
            "if_chosen": turn.is_chosen(response),
            "within_turn_id": place,
        }


def _score(response: Response) -> int | None:
    """PRISM's scores are those of sliders; what else was said of an answer is in the file of ratings."""
    rating = getattr(response, "rating", None)
    return rating.score if rating and rating.kind == Rating.Kind.SLIDER else None


def _attributes(block: Mapping[str, Mapping[str, Any]]) -> Row:
    return {key: _whole(block.get(key, {}).get("value")) for key in ATTRIBUTES}


def _whole(value: object) -> int | None:
    """A slider's number; null for one that was left alone or does not apply."""
    return value if isinstance(value, int) else None


def _parameters(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in parameters.items()}


def _yes(is_so: bool) -> str:
    return "Yes" if is_so else "No"
