"""How fast the coordinator's views of a large study are: people made by SQL, views asked as whole requests.

Run on a database of its own: `measure` leaves the study there.
"""

import secrets
import time
from statistics import median
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from benchmarks.large_study import FILLS, PAGES
from conversations.models import LanguageModel, PoolEntry, Provider
from conversations.protocols import preset
from conversations.studies import load_protocol
from surveys.coding import schemes
from surveys.coordinate import keyset
from surveys.coordinate.tables import ROWS
from surveys.models import Answer, ConsentDocument, Membership, Questionnaire, Study
from surveys.models.people import Role
from surveys.quality import assessing
from surveys.quotas import versions

LIMIT_MS = 300
LIMIT_QUERIES = 12
MODELS = 8
BOXES = [{"key": "consent", "label": "I agree", "required": True}]
_PAGE = """
  - key: page{number}
    title: Page {number} of a survey that many people answer, with a few words to read on it
    minutes: 1
    questions:
      - {{key: choice{number}, type: single, text: Which of these?, options: [red, green, blue]}}
      - {{key: story{number}, type: long_text, text: Why?, required: false}}
"""
_SELF_DESCRIBED = """
      - key: ethnicity
        type: single
        text: How would you describe your ethnicity?
        required: false
        options: [{value: other, label: Myself, asks_text: true, needs_coding: true}]
"""
QUOTAS = """\
format: prism-quotas/1
strata:
  - {key: first, question: choice1, categories: {Red: [red], Green: [green], Blue: [blue]}}
  - {key: second, question: choice2, categories: {Red: [red], Green: [green], Blue: [blue]}}
tables:
  - key: one
    strata: [first]
    undisclosed: outside
    targets: [{cell: [Red], places: 4000}, {cell: [Green], places: 4000}, {cell: [Blue], places: 4000}]
  - key: two
    strata: [second]
    undisclosed: outside
    targets: [{cell: [Red], places: 4000}, {cell: [Green], places: 4000}, {cell: [Blue], places: 4000}]
"""
_HEAD = "format: prism-questionnaire/1\nkey: {key}\ntitle: Many people\nlanguage: en\npages:"


def measure(people: int, times: int = 5) -> dict[str, Any]:
    """Milliseconds and queries of each view of a study of so many people; seconds to look it through.

    Each view is asked for so many `times`.

    Returns {"people", "answers", "views": {name: {"ms", "worst_ms", "queries"}}, "assess_s", "quotas_s",
    "quotas_queries", "is_met"}; the quotas are those of the second version, when everybody has seats.
    """
    study, user = _study(), _user()
    Membership.objects.create(study=study, user=user, role=Role.OWNER, may_export_full=True)
    answers = fill(study, user, people)
    begun = time.monotonic()
    assessing.assess(study)
    assess_s = time.monotonic() - begun
    client = Client(SERVER_NAME=next(iter(settings.ALLOWED_HOSTS), "localhost").lstrip("."))
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    quotas_s, quotas_queries = _store_quotas(study, user)
    views = {name: _view(client, path, times) for name, path in paths(study).items()}
    return {
        "people": people,
        "answers": answers,
        "views": views,
        "assess_s": round(assess_s, 1),
        "quotas_s": quotas_s,
        "quotas_queries": quotas_queries,
        "is_met": all(v["ms"] < LIMIT_MS and v["queries"] <= LIMIT_QUERIES for v in views.values()),
    }


def _study() -> Study:
    key = f"bench-{secrets.token_hex(4)}"
    pages = [_PAGE.format(number=number) for number in range(1, PAGES + 1)]
    pages[0] = f"{pages[0].rstrip()}{_SELF_DESCRIBED}"
    study = Study.objects.create(
        slug=key,
        title="Many people",
        state=Study.State.OPEN,
        questionnaire=Questionnaire.load(_HEAD.format(key=key) + "".join(pages)),
        consent_document=ConsentDocument.load(key, "Taking part", "What it is about.", BOXES),
    )
    load_protocol(study, preset("prism"))
    provider = Provider.objects.create(name=key, base_url="http://127.0.0.1:1/v1", is_fake=True)
    for number in range(MODELS):
        name = f"{key}/{number}"
        model = LanguageModel.objects.create(
            provider=provider, identifier=name, name=name, short_name=name, code=f"M{number}"
        )
        PoolEntry.objects.create(study=study, model=model)
    return study


def _user() -> User:
    return User.objects.create_user(f"bench-{secrets.token_hex(4)}@example.org")


def fill(study: Study, user: User, people: int) -> int:
    """Make the people with all that hangs on them; how many answers they gave."""
    categories = schemes.parsed(schemes.shipped("ethnicity")).values
    given = {
        "study": study.pk,
        "questionnaire": study.questionnaire_id,
        "document": study.consent_document_id,
        "user": user.pk,
        "people": people,
        "pages": PAGES,
        "prefix": secrets.token_hex(3),
        "protocol": study.protocols.get().pk,
        "models": list(study.pool.values_list("model", flat=True)),
        "scheme": schemes.current("ethnicity").pk,
        "category": categories[0],
        "other": categories[1],
        "second_user": _user().pk,
    }
    with connection.cursor() as cursor:
        made = [(one.model, one.run(cursor, given)) for one in FILLS]
    return sum(number for model, number in made if model is Answer)


def _store_quotas(study: Study, user: User) -> tuple[float, int]:
    """Store quotas twice; seconds and queries of the second time."""
    versions.store(study, QUOTAS, user, before=None)
    begun = time.monotonic()
    with CaptureQueriesContext(connection) as found:
        versions.store(study, QUOTAS, user, before=study.quota_id)
    return round(time.monotonic() - begun, 2), len(found)


def paths(study: Study) -> dict[str, str]:
    """Every view of the study's people, with the orders and filters that ask most of the database."""
    base = f"/coordinate/studies/{study.slug}"
    people = f"{base}/participants/"
    code = study.enrolments.order_by("number").first()
    return {
        "list": people,
        "list by code": f"{people}?sort=code",
        "list by last seen": f"{people}?sort=seen",
        "list by time taken": f"{people}?sort=-duration",
        "list by signals": f"{people}?sort=-signals",
        "list in progress and idle": f"{people}?outcome=none&idle=5&sort=seen",
        "list with a signal": f"{people}?signal=same_text",
        "list with a decision": f"{people}?decision=pay",
        "list by part of a code": f"{people}?q=user10000",
        "funnel, times and outcomes": f"{base}/monitor/",
        "the same with test people": f"{base}/monitor/?test=1",
        "figures of the chart": f"{base}/monitor/over-time.json",
        "quality": f"{base}/quality/",
        "one participant": f"{people}{code}/quality/",
        "one participant's way": f"{people}{code}/",
        "live picture": f"{base}/",
        "live picture, its moving part with everybody": f"{base}/?test=1&excluded=with",
        "submissions": f"{base}/panel/submissions/",
        "submissions, last page": f"{base}/panel/submissions/?page=200",
        "submissions of one state": f"{base}/panel/submissions/?state=APPROVED",
        "bonuses": f"{base}/panel/bonuses/",
        "credits": f"{base}/panel/credits/",
        "credits, last page": f"{base}/panel/credits/?page=200",
        "links": f"{base}/panel/links/",
        "links, last page": f"{base}/panel/links/?page=200",
        "quotas": f"{base}/quotas/",
        "coding": f"{base}/coding/",
        "coding, the next text": f"{base}/coding/ethnicity/",
        "coding, rulings": f"{base}/coding/ethnicity/rulings/",
        "exports": f"{base}/exports/",
        "audit": f"{base}/audit/",
        "audit of one act, last page": f"{base}/audit/?action=participant.3&after={_last_page(study)}",
        "retention": f"{base}/retention/",
    }


def _last_page(study: Study) -> str:
    """Where the last page of the audit of one act begins."""
    oldest = study.audit_events.filter(action="participant.3").order_by("at", "pk")[: ROWS + 1]
    return quote(keyset.write(list(oldest)[-1], "at"))


def _view(client: Client, path: str, times: int) -> dict[str, float | int]:
    taken = []
    for _ in range(times):
        begun = time.monotonic()
        with CaptureQueriesContext(connection) as found:
            response = client.get(path)
        taken.append(1000 * (time.monotonic() - begun))
        if response.status_code != 200:
            raise RuntimeError(f"{path} answered {response.status_code}")
    return {"ms": round(median(taken)), "worst_ms": round(max(taken)), "queries": len(found)}
