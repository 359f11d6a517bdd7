"""A page of the survey that came too late, from a second tab or an old window: nothing is dropped unsaid."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone

from prism.lib.codes import form_key
from surveys.models import Questionnaire
from surveys.own import in_words
from surveys.questionnaires import Question, filled
from surveys.questionnaires.reading import READERS
from surveys.standing import Standing
from surveys.views.visit import Visit, page_context

PageView = Callable[[HttpRequest, Visit, str], HttpResponse]
Typed = list[tuple[str, str]]


def tells_what_is_late(view: PageView) -> PageView:
    """Where the view leads on although it stored nothing of what was sent, say so and show what was typed.

    Who is led on by the end that this very page brought about, as by screening out, is not late.
    """

    @wraps(view)
    def inner(request: HttpRequest, visit: Visit, page: str) -> HttpResponse:
        begun, outcome = timezone.now(), visit.enrolment.outcome
        answer = view(request, visit, page)
        leads_on = request.method == "POST" and answer.status_code == 302
        if not leads_on or visit.enrolment.outcome != outcome:
            return answer
        if visit.enrolment.page_submissions.filter(_this_one(request, visit, page, begun)).exists():
            return answer
        typed = _typed(visit, page, request.POST)
        return _told(request, visit, typed, answer["Location"]) if typed else answer

    return inner


def _this_one(request: HttpRequest, visit: Visit, page: str, begun: datetime) -> Q:
    """The submission of this very form; one without a key is told by its device, page and time."""
    key = request.POST.get("form_key", "")
    if key:
        return Q(key=form_key(key))
    return Q(device=visit.device, page=page, submitted_at__gte=begun)


def _typed(visit: Visit, key: str, posted: QueryDict) -> Typed:
    """Each question with what was typed, without what is stored already as far as this device may know it."""
    try:
        standing = Standing.load(visit.enrolment)
    except Questionnaire.DoesNotExist:
        return []
    page = next((page for page in standing.document.pages if page.key == key), None)
    if page is None:
        return []
    known = standing.rows if standing.may_read(visit.device, page) else {}
    found = []
    for question in filled(standing.document, page, standing.values).questions:
        value, texts = _read(question, posted)
        stored = [known[name].value if name in known else None for name in (question.key, question.text_key)]
        words = in_words(question, value, texts)
        if words and [value, texts or None] != stored:
            found.append((question.text, words))
    return found


def _read(question: Question, posted: QueryDict) -> tuple[object, dict[str, str]]:
    """As it was typed, also where the question would not be shown now."""
    if question.type not in READERS:
        return None, {}
    reading = READERS[question.type](question, posted)
    return reading.value, dict(reading.texts)


def _told(request: HttpRequest, visit: Visit, typed: Typed, onward: str) -> HttpResponse:
    visit.enrolment.refresh_from_db(fields=["outcome", "survey_finished_at"])
    is_finished = bool(visit.enrolment.survey_finished_at or visit.enrolment.outcome)
    context = {"typed": typed, "onward": onward, "is_finished": is_finished}
    return render(request, "surveys/late.html", page_context(request, visit, "survey") | context, status=409)
