"""Which language a participant reads: one that the study offers, chosen by them or by their browser.

The choice is kept in Django's own cookie, so that one choice holds for a study and for the rest of Prism. A
study whose questionnaire has several languages offers those, also such as Prism itself does not speak: the
words of Prism then stay English.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language, get_language_info, override
from django.utils.translation.trans_real import parse_accept_lang_header

from surveys.models import Questionnaire, Study

# A person's own pages stand above the conversations, for they show them, and speak as the survey does.
_OWN_PAGES = frozenset({"mine", "archive", "my_data"})


def is_right_to_left(language: str) -> bool:
    return language.partition("-")[0] in settings.LANGUAGES_BIDI


def offered(study: Study) -> tuple[str, ...]:
    """The languages that people can choose in a study: Prism's where the questionnaire has only one."""
    if study.questionnaire_id is not None:
        languages = Questionnaire.document_of(study.questionnaire_id).languages
        if len(languages) > 1:
            return languages
    return _prisms()


@dataclass(frozen=True)
class Offer:
    """One language on the switch, called as its speakers call it."""

    code: str
    name: str


def offers(request: HttpRequest, study: Study) -> list[Offer]:
    """The languages for the switch of this page, without the one that is spoken now."""
    return [Offer(code, _own_name(code)) for code in _offered_here(request, study) if code != get_language()]


def _own_name(code: str) -> str:
    try:
        return str(get_language_info(code)["name_local"]).capitalize()
    except KeyError:
        return code


def speaking(request: HttpRequest, study: Study) -> AbstractContextManager[None]:
    """A context in which everything is said in the language this person reads."""
    code = best(request, _offered_here(request, study))
    return override(code) if code and code != get_language() else nullcontext()


def speaking_at(request: HttpRequest, slug: str) -> AbstractContextManager[None]:
    """The same on the way out of an address that may name no study, for who is not let in."""
    study = Study.objects.filter(slug=slug).first()
    return speaking(request, study) if study else nullcontext()


def _offered_here(request: HttpRequest, study: Study) -> Sequence[str]:
    """What can be chosen on this page. A conversation is in Prism's own languages alone: it has no document
    that could be in another one."""
    if portals := request.__dict__.get("offered_languages"):  # an upper app narrowed them for this host
        return tuple(portals)
    here = request.resolver_match
    is_of_study = here is not None and (here.app_name == "surveys" or here.url_name in _OWN_PAGES)
    return offered(study) if is_of_study else _prisms()


def _prisms() -> tuple[str, ...]:
    return tuple(code for code, _ in settings.LANGUAGES)


def best(request: HttpRequest, languages: Sequence[str]) -> str | None:
    """The first language asked for that is offered, or one that it is a variety of; None if there is none."""
    for wanted in _asked_for(request):
        near = [code for code in languages if code.lower() in (wanted, wanted.partition("-")[0])]
        if near:
            return max(near, key=len)
    return None


def _asked_for(request: HttpRequest) -> Iterator[str]:
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    if chosen:
        yield chosen.lower()
    for code, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        yield code


def keep(response: HttpResponse, language: str) -> None:
    """Remember the choice as Django's own language switch does."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        path=settings.LANGUAGE_COOKIE_PATH,
        domain=settings.LANGUAGE_COOKIE_DOMAIN,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
