"""What no browser sends: every address of a participant answers it with a page, and never with a fault."""

from collections.abc import Iterator, Sequence
from itertools import product

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from conversations.models import Conversation
from surveys.models import Enrolment, Study
from tests.conversations.talking import (
    address,
    answer,
    begin,
    come_in,
    device_of,
    enrolment_of,
    make_talk_study,
    reach_feedback,
    say,
)
from tests.surveys.visitors import make_small_study, newcomer, same_browser

pytestmark = pytest.mark.django_db(transaction=True)
ODD = ["", "a\x00b", "🙂\u202e\ufeff\u2028", "9" * 400, "1e999", "%00%0d%0aSet-Cookie: x=1", "[" * 1_500]
FIELDS = [
    *("text", "form_key", "shown_at", "turn", "score-A", "score-A__trace", "slot", "type", "open_feedback"),
    *("performance.values", "performance.values__trace", "performance.values__na", "choice.values"),
    *("age", "uses", "why", "purposes", "purposes.other_text", "people", "level", "home", "sliders.fair"),
    *("sliders.fair__trace", "sliders.kind__na", "colour", "colour.own_text", "words", "story", "purpose"),
    *("_language", "_next", "_draft", "link", "test", "door_key", "consent", "decline"),
]
QUERY = ["link", "test", "after", "PROLIFIC_PID", "STUDY_ID", "SESSION_ID", "next", "x\x00y"]


def patterns(name: str) -> list[URLPattern]:
    resolver = next(one for one in get_resolver().url_patterns if getattr(one, "app_name", "") == name)
    return list(resolver.url_patterns)


APPS = ("surveys", "conversations")


def addresses(study: Study, talk: Conversation | None, apps: Sequence[str] = ()) -> list[str]:
    """Every address of participants in the study, or those of a survey where there is no talk yet.

    A new one joins by itself.
    """
    values = {
        "slug": study.slug,
        "code": talk.code if talk else "c123456789",
        "turn": 0,
        "page": "start",
        "pk": 1,
    }
    found = []
    for app in apps or (APPS if talk else APPS[:1]):
        for pattern in patterns(app):
            wanted = {key: values[key] for key in pattern.pattern.converters} or dict(values)
            if pattern.name == "draft":
                wanted = {"slug": study.slug, "page": "survey:start"}
            found.append(reverse(f"{app}:{pattern.name}", kwargs=wanted))
    return found


def test_the_list_of_addresses_is_the_whole_list():
    names = {pattern.name for app in APPS for pattern in patterns(app)}
    assert {"study", "begin", "draft", "say", "events", "archive", "withdraw"} <= names
    assert len(addresses(make_talk_study(), None, APPS)) == len(names)


def in_a_survey() -> tuple[Client, Study, Conversation | None]:
    study = make_small_study()
    return newcomer(study)[0], study, None


def at_the_first_message() -> tuple[Client, Study, Conversation | None]:
    study = make_talk_study()
    client = come_in(study)
    return client, study, begin(client, study)


def before_rating() -> tuple[Client, Study, Conversation | None]:
    client, study, talk = at_the_first_message()
    assert talk
    answer(say(client, talk))
    return client, study, talk


PLACES = [in_a_survey, before_rating]


@pytest.fixture(params=PLACES, ids=lambda place: place.__name__)
def place(request: pytest.FixtureRequest) -> tuple[Client, Study, Conversation | None]:
    client, study, talk = request.param()
    client.raise_request_exception = False
    return client, study, talk


def faults(answers: Iterator[tuple[str, HttpResponse]]) -> list[str]:
    return [f"{what}: {answer.status_code}" for what, answer in answers if answer.status_code >= 500]


def test_odd_values_in_every_field_of_every_form(place):
    """All fields odd at once, and every second one beside fields as they should be."""
    client, study, talk = place
    kept = {"form_key": "k", "turn": "0", "age": "18 or older", "uses": "Yes", "why": "so", "text": "Hello"}

    def ask() -> Iterator[tuple[str, HttpResponse]]:
        for path, odd in product(addresses(study, talk), ODD):
            if "withdraw" not in path:
                yield f"{path} {odd[:12]!r}", client.post(path, dict.fromkeys(FIELDS, odd))
                some = {**dict.fromkeys(FIELDS[::2], odd), **kept}
                yield f"{path} some {odd[:12]!r}", client.post(path, some)

    assert faults(ask()) == []


def test_odd_values_in_the_feedback():
    study = make_talk_study(turns__minimum=1)
    client, path = Client(), ""
    for odd in ODD:
        if not path:  # what was taken was the end of a conversation
            client = come_in(study)
            path = address(reach_feedback(client, study), "feedback")
        status = client.post(path, dict.fromkeys(FIELDS, odd)).status_code
        assert status in {302, 400, 422}, odd[:12]
        path = "" if status == 302 else path


def test_odd_addresses(place):
    client, study, talk = place

    def ask() -> Iterator[tuple[str, HttpResponse]]:
        for path, odd in product(addresses(study, talk), ODD):
            yield f"{path}?{odd[:12]!r}", client.get(path, dict.fromkeys(QUERY, odd))
        for path in addresses(study, talk):
            for wrong in ("%00", "9" * 40):
                for part in [part for part in path.split("/")[3:] if part]:
                    changed = path.replace(f"/{part}/", f"/{wrong}/")
                    yield changed, client.post(changed, {"text": "x"})
                    yield changed, client.get(changed)

    assert faults(ask()) == []


def test_odd_cookies_and_headers(place):
    client, study, talk = place
    octal = [rf'"{sign}"' for sign in (r"\000aaaaaaaaaaaa", r"\377\376", "9" * 5000)]
    prefix = settings.DEVICE_COOKIE_PREFIX
    names = [f"{prefix}{study.pk}", f"{prefix}x", "sessionid", "csrftoken", "django_language", "messages"]

    def ask() -> Iterator[tuple[str, HttpResponse]]:
        for path, name, odd in product(addresses(study, talk)[::5], names, octal):
            bare = Client(raise_request_exception=False)
            own = client.cookies.output(header="", sep=";").strip()
            for cookie in (f"{name}={odd}", f"{own}; {name}={odd}"):
                yield f"{path} {cookie[-40:]}", bare.get(path, headers={"cookie": cookie})
        for path, odd in product(addresses(study, talk), ["\x00", "é" * 99, "a" * 9000, ",;q=x", "\\"]):
            names_of = ("Accept-Language", "User-Agent", "Last-Event-ID", "X-Prism-Part", "HX-Request")
            yield f"{path} {odd[:9]!r}", client.get(path, headers=dict.fromkeys(names_of, odd))

    assert faults(ask()) == []


def test_bodies_that_are_no_form(place):
    client, study, talk = place
    bodies: list[tuple[bytes, str]] = [
        (b"{}", "application/json"),
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"text=%ED%A0%80&text=%00&=&&&", "application/x-www-form-urlencoded; charset=utf-8"),
        (b"text=x", "application/x-www-form-urlencoded; charset=nonsense"),
        (b"--b\r\nnothing", "multipart/form-data; boundary=b"),
        (b"x", "multipart/form-data"),
        (b"&".join(b"f%d=x" % n for n in range(600)), "application/x-www-form-urlencoded"),
        (b"text=" + b"x" * 1_100_000, "application/x-www-form-urlencoded"),
    ]

    def ask() -> Iterator[tuple[str, HttpResponse]]:
        for path, (body, kind) in product(addresses(study, talk), bodies):
            yield f"{path} {kind} {body[:20]!r}", client.generic("POST", path, body, kind)
        for path, method in product(addresses(study, talk), ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")):
            yield f"{method} {path}", client.generic(method, path, b"x")

    assert faults(ask()) == []


def test_nothing_of_it_was_stored_as_somebody_elses(place):
    """The oddest forms of one person leave every other one alone."""
    client, study, talk = place
    other = enrolment_of(come_in(study), study) if talk else newcomer(study)[1]
    before = Enrolment.objects.filter(pk=other.pk).values().get()
    for path in addresses(study, talk):
        fields = {"enrolment": other.pk, "device": other.devices.get().pk, "pk": other.pk, "text": "x"}
        client.post(path, fields)
    assert Enrolment.objects.filter(pk=other.pk).values().get() == before
    assert not other.conversations.exists()


# Who may act


def test_no_form_is_taken_without_its_token(place):
    client, study, talk = place
    strict = same_browser(client, enforce_csrf_checks=True)
    refused = {path: strict.post(path, {"text": "x"}).status_code for path in addresses(study, talk)}
    assert set(refused.values()) == {403}


def test_the_keys_of_another_study_open_nothing(place):
    """A cookie is only text: one with the key of a device elsewhere is no way in here."""
    _, study, talk = place
    elsewhere = make_talk_study()
    stranger = come_in(elsewhere)
    key = device_of(stranger, elsewhere).key
    forged = Client(raise_request_exception=False)
    forged.cookies[f"{settings.DEVICE_COOKIE_PREFIX}{study.pk}"] = key
    before = list(Enrolment.objects.order_by("pk").values())
    for path in addresses(study, talk):
        if talk and talk.code in path:
            assert forged.get(path).status_code in {403, 404, 405}, path
        assert forged.post(path, {"text": "x", "door_key": "d"}).status_code in {302, 303, 400, 403, 404, 405}
    kept = Enrolment.objects.filter(pk__in=[row["pk"] if "pk" in row else row["id"] for row in before])
    assert list(kept.order_by("pk").values()) == before
    assert not elsewhere.enrolments.get().events.filter(kind="shared device").exists()
