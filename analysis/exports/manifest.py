"""manifest.json: how a release was made. Nothing in it says when, by whom or in which job."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from django.conf import settings

from analysis.exports import release, told
from analysis.exports.prism_format import CONVERSATIONS, METADATA, SURVEY, UTTERANCES
from analysis.exports.release import CHOSEN_CONVERSATIONS, CHOSEN_PEOPLE, REASONS, UNFINISHED, Scope
from conversations.models import Dataset
from surveys.models import CodingScheme, ConsentDocument, Questionnaire
from surveys.questionnaires import Questionnaire as Document

Paths = dict[str, dict[str, str]]

SCHEMA_VERSION = "2024-04-24"
UNKNOWN = "unknown"

_SUBSETS = "membership in a census-matched or balanced subset is decided when data are analysed"
_CODING = "null until people's own words are coded into categories; declined answers are known"
_BY_HAND = "nobody looks through texts by hand"
_LANGUAGE = "null where a text has no letters or is too short to tell its language"
NOT_COMPUTED: Paths = {
    SURVEY: {
        "gender": "null where people describe their gender themselves, until that is coded",
        "religion.categorised": _CODING,
        "religion.simplified": _CODING,
        "ethnicity.categorised": _CODING,
        "ethnicity.simplified": _CODING,
        "included_in_US_REP": _SUBSETS,
        "included_in_UK_REP": _SUBSETS,
        "included_in_balanced_subset": _SUBSETS,
    },
    CONVERSATIONS: {"included_in_balanced_subset": _SUBSETS},
    UTTERANCES: {"included_in_balanced_subset": _SUBSETS},
    METADATA: {
        "pii_manual_flag": _BY_HAND,
        "language_flag": _LANGUAGE,
        "en_flag": _LANGUAGE,
    },
}

_UNTOUCHED = "the slider was left alone"
_NOT_APPLICABLE = "the participant said that it does not apply, or left the slider alone"
NULL_MEANS: Paths = {
    SURVEY: {
        "lm_frequency_use": "the question was not shown",
        "lm_usecases.*": "the question was not shown",
        "lm_usecases.other_text": "nothing typed, or the question was not shown",
        "order_lm_usecases.*": "the question was not shown",
        "stated_prefs.*": _UNTOUCHED,
        "stated_prefs.other_text": "nothing typed",
        "study_id": "the person did not come through a panel's study",
        "study_locale": "the study does not say where people were recruited",
    },
    CONVERSATIONS: {
        "performance_attributes.*": _NOT_APPLICABLE,
        "choice_attributes.*": _NOT_APPLICABLE,
        "conversation_history[].score": _UNTOUCHED,
    },
    UTTERANCES: {"score": _UNTOUCHED},
    METADATA: {
        "conversation_id": "a text of the survey",
        "interaction_id": "not a text of a turn",
        "utterance_id": "not a response",
        "moderation_flag": "moderation was not asked about this text, or did not answer",
    },
}

_FREE_TEXT = "free text"
_DATE = "date and time"
WITHHELD: Paths = {
    SURVEY: {
        "self_description": _FREE_TEXT,
        "system_string": _FREE_TEXT,
        "religion.self_described": _FREE_TEXT,
        "ethnicity.self_described": _FREE_TEXT,
        "lm_usecases.other_text": _FREE_TEXT,
        "stated_prefs.other_text": _FREE_TEXT,
        "generated_datetime": _DATE,
    },
    CONVERSATIONS: {
        "opening_prompt": _FREE_TEXT,
        "conversation_history[].content": _FREE_TEXT,
        "open_feedback": _FREE_TEXT,
        "generated_datetime": _DATE,
    },
    UTTERANCES: {"user_prompt": _FREE_TEXT, "model_response": _FREE_TEXT},
}

# The columns in which people wrote, or models quoted them, by file.
TEXTS = {
    name: [column for column, reason in columns.items() if reason == _FREE_TEXT]
    for name, columns in WITHHELD.items()
}

NOTES = [
    "Texts were looked through for personal data by rules, which find no names of people and not every "
    "number; personal_data says what was found and done. [EMAIL] and the like stand for what was masked.",
    "pii_flag: the same rules find personal data of any kind in the text, or did before it was masked on its "
    "way to a model. moderation_flag: what the study's moderation said of a message or comment; flagged is "
    "what reached the study's thresholds.",
    "Where people were asked whether what they write may be published, the texts of those who did not agree "
    "are null in every release, and so are the answers to them.",
    "order_stated_prefs and order_lm_usecases are the places at which items were shown, not preferences.",
    "Scores and sliders are null until touched; no slider has a starting value.",
    "Exactly one response is chosen in every turn that was rated.",
    "Responses that failed before they showed any text, and those that were replaced, are left out; "
    "one that broke off is there with the text that arrived.",
    "The numbers in user_id and conversation_id are random and rows are sorted by them: order tells no time.",
    "Survey time runs from arrival to the last page, conversation time from its start to the submitted "
    "feedback. generated_datetime is the end of each, in UTC.",
    "model_provider in conversations.jsonl and utterances.jsonl is that of models.jsonl in lower case with "
    "underscores; it names the maker or host as the study recorded it.",
    "in_yaml: the study may draw the model now; params_tested: its connection was tested; endpoint_live: it "
    "and its provider are switched on; status: its state in the registry.",
]

OTHER_SCALES = (
    "Some answers were rated otherwise than by a slider: their score is null in conversations.jsonl and "
    "utterances.jsonl, and ratings.jsonl, which PRISM's release does not have, says on which scale (slider, "
    "likert, pairwise, ranking) each answer was rated, with minimum and maximum of a score. A place counts "
    "from 1 for the best; in a pairwise choice those that were not named have 2, and a tie (equal, "
    "both_good, both_bad) gives all of them 1."
)
OTHER_CONTINUATIONS = (
    "Where every model goes on with its own answers, no answer of a turn needs to be chosen; where the "
    "participant chooses freely, if_chosen says with which answer the conversation went on, not which was "
    "best."
)

# The question on whose answer a column of survey.jsonl rests, where it is not called like the column.
_QUESTIONS = {
    "location": ("birth_country", "reside_country"),
    "order_lm_usecases": ("lm_usecases",),
    "order_stated_prefs": ("stated_prefs",),
}
_ASKED = (
    "lm_familiarity",
    "lm_indirect_use",
    "lm_direct_use",
    "lm_frequency_use",
    "self_description",
    "system_string",
    "age",
    "gender",
    "employment_status",
    "education",
    "marital_status",
    "english_proficiency",
    "religion",
    "ethnicity",
    "location",
    "lm_usecases",
    "stated_prefs",
    "order_lm_usecases",
    "order_stated_prefs",
)


HELD = {
    "people": "finished the survey; not turned away, withdrawn or erased",
    "conversations": "complete",
}
HELD_OF_ARENA = {
    "people": "wrote a message; not turned away, withdrawn or erased",
    "conversations": "with a message, and no more than two sides",
}


def build(
    scope: Scope,
    files: Mapping[str, Mapping[str, Any]],
    left_out: Mapping[str, int],
    meaning: Mapping[str, Any],
) -> dict[str, Any]:
    """The manifest of the release that is chosen now; `files` has rows, bytes and SHA-256 of each.

    `left_out` counts the people who finished the survey and are not in it, by reason; `meaning` is what the
    format says of its schema and of what is empty in it.
    """
    return {
        "format": scope.format,
        "study": {"slug": scope.study.slug, "kind": scope.study.kind},
        "synthetic": scope.study.is_demo,
        "content": "full" if scope.is_full else "de-identified",
        "code_version": code_version(),
        "release_seed": scope.release_seed or None,
        "filters": {
            **(HELD_OF_ARENA if scope.format in UNFINISHED else HELD),
            "include_test": scope.include_test,
            "include_excluded": scope.include_excluded,
            "source": scope.source,
        },
        "sources": _sources(),
        "left_out": {reason: left_out.get(reason, 0) for reason in REASONS},
        "versions": _versions(scope),
        **told.beyond_versions(),
        "files": files,
        **meaning,
    }


def prism_meaning(scope: Scope, documents: Iterable[Document]) -> dict[str, Any]:
    """What is said of files in PRISM's format."""
    return {
        "schema_version": SCHEMA_VERSION,
        "not_computed": _not_computed(documents),
        "null_means": NULL_MEANS,
        "withheld": {} if scope.is_full else WITHHELD,
        "notes": [
            *NOTES,
            *([OTHER_SCALES] if release.has_other_scales() else []),
            *([OTHER_CONTINUATIONS] if release.has_other_continuations() else []),
        ],
    }


@cache
def code_version() -> str:
    """The version the operator named, else the commit of the checkout, else "unknown"."""
    if settings.CODE_VERSION:
        return str(settings.CODE_VERSION)
    try:
        asked = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    return asked.stdout.strip() or UNKNOWN


def _sources() -> list[dict[str, Any]]:
    """The imported datasets that are in the release, with the licence that each came under."""
    held = Dataset.objects.filter(talks__conversation__in=CHOSEN_CONVERSATIONS).distinct()
    return [dict(one) for one in held.order_by("key").values("key", "title", "licence", "link")]


def _versions(scope: Scope) -> dict[str, Any]:
    answered = Questionnaire.objects.filter(pagesubmission__enrolment__in=CHOSEN_PEOPLE).distinct()
    agreed = ConsentDocument.objects.filter(
        consent__enrolment__in=CHOSEN_PEOPLE, consent__agreed=True
    ).distinct()
    coded = CodingScheme.objects.filter(codings__answer__submission__enrolment__in=CHOSEN_PEOPLE).distinct()
    keyed = ("key", "version", "sha256")
    return {
        "questionnaires": list(answered.order_by("key", "version").values(*keyed)),
        "consents": list(agreed.order_by("key", "version").values(*keyed)),
        "protocols": list(release.followed().values("version", "sha256")),
        "coding_schemes": list(coded.order_by("key", "version").values(*keyed)),
    }


def _not_computed(documents: Iterable[Document]) -> Paths:
    """The standing list, and the columns for which a version in use has no question."""
    asked = [{question.key for question in document.questions()} for document in documents]
    missing = {
        column: "not every version of this study's questionnaire asks for it"
        for column in _ASKED
        if any(not keys.issuperset(_QUESTIONS.get(column, (column,))) for keys in asked)
    }
    return {**NOT_COMPUTED, SURVEY: NOT_COMPUTED[SURVEY] | missing}
