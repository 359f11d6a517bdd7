"""The questionnaire as one person meets it: in their language and order, over the fields of their study."""

from django.utils.translation import get_language

from surveys.models import Enrolment, Questionnaire, Study
from surveys.panels.definitions import kind_of
from surveys.questionnaires import Questionnaire as Document


def study_fields(study: Study) -> dict[str, str]:
    """The fields of a study that conditions and texts of a questionnaire may name."""
    return {"slug": study.slug, "locale": study.locale, "kind": study.kind, "panel": kind_of(study)}


def document_for(enrolment: Enrolment, version: int, language: str = "") -> Document:
    """The version with this key, for this person; in the language of the page where none is given."""
    document = Questionnaire.document_of(version).in_language(language or get_language() or "")
    return document.for_person(enrolment.order_seed, study_fields(enrolment.study))
