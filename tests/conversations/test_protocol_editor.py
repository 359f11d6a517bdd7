"""The editor of a protocol: checks with lines, preview without saving, versions, and who may do what."""

import pytest
from django.test import Client
from django.urls import reverse

from conversations.models import Conversation, ProtocolDraft, Turn
from conversations.protocols import preset
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.conversations.talking import begin, come_in, make_talk_study, rules
from tests.factories import make_member, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_talk_study(models=0)


@pytest.fixture
def editor(client, study):
    client.force_login(make_member(study, Role.COORDINATOR))
    return client


def at(study, name: str = "edit_protocol") -> str:
    return reverse(f"registry:{name}", args=[study.slug])


def typed(study, text: str, **more: str) -> dict[str, str]:
    return {"text": text, "base": str(study.protocols.latest("version").pk), **more}


def test_a_changed_text_becomes_the_version_for_whoever_begins_from_then_on(editor, study):
    before = begin(come_in(study), study)
    text = rules(turns__maximum=7)
    answer = editor.post(at(study), typed(study, text, store="1"))
    assert answer["Location"] == at(study, "protocol")
    newest = study.protocols.latest("version")
    assert (newest.version, newest.document) == (2, text)
    event = AuditEvent.objects.get(action="protocol.stored")
    assert (event.study, event.detail["sha256"]) == (study, newest.sha256)
    assert not ProtocolDraft.objects.exists()
    before.refresh_from_db()
    assert before.protocol.version == 1
    assert begin(come_in(study), study).protocol == newest


def test_a_fault_is_told_with_its_line_and_nothing_is_stored(editor, study):
    text = rules().replace("tie: choose", "tie: coin")
    line = text.splitlines().index("tie: coin") + 1
    for answer in (
        editor.post(at(study, "check_protocol"), typed(study, text)),
        editor.post(at(study), typed(study, text, store="1")),
    ):
        assert answer.status_code in {200, 422}
        shown = answer.json()["html"] if answer.status_code == 200 else answer.content.decode()
        assert f'data-line="{line}"' in shown
        assert "must be one of: choose, random" in shown
    assert study.protocols.count() == 1
    assert text in editor.get(at(study)).context["text"]  # kept as a draft
    assert editor.get(at(study, "preview_protocol")).status_code == 422


def test_who_stored_in_between_is_noticed_and_their_change_is_shown(editor, study):
    old = typed(study, rules(turns__maximum=7), store="1")
    other = Client()
    other.force_login(make_member(study, Role.OWNER))
    other.post(at(study), typed(study, rules(turns__maximum=9), store="1"))
    stale = editor.post(at(study), old)
    assert stale.status_code == 409
    assert "maximum: 9" in stale.content.decode()
    assert study.protocols.count() == 2
    assert editor.post(at(study), typed(study, old["text"], store="1")).status_code == 302
    assert study.protocols.count() == 3


def test_the_preview_shows_each_part_from_the_draft_and_stores_nothing(editor, study):
    kinds = [
        {"key": "k", "label": {"en": "New kind", "fr": "Neuf"}, "text": "x", "required": 1, "hint": "Say"}
    ]
    text = rules(types=kinds, rating__low="Dreadful", opening__models=3)
    found = editor.post(at(study, "check_protocol"), typed(study, text)).json()
    assert found["is_valid"]
    assert "show=opening&amp;type=k" in found["html"]
    assert "language=fr" in found["html"]
    preview = at(study, "preview_protocol")

    def shown(**query: str) -> str:
        answer = editor.get(preview, query)
        assert answer.status_code == 200
        assert "form-action 'none'" in answer["Content-Security-Policy"]
        assert "frame-ancestors 'self'" in answer["Content-Security-Policy"]
        return answer.content.decode()

    assert "New kind" in shown(show="kinds")
    assert "Neuf" in shown(show="kinds", language="fr")
    opening = shown(show="opening", type="k")
    assert 'id="text"' in opening
    assert "Say" in opening
    rating = shown(show="rating")
    assert "Dreadful" in rating
    assert rating.count("data-slider-value") == 3
    assert 'name="performance.values"' in shown(show="feedback")
    assert study.protocols.count() == 1
    assert not Conversation.objects.exists()
    assert not Turn.objects.exists()


def test_only_who_runs_the_study_writes_and_strangers_find_nothing(study):
    stranger, analyst = Client(), Client()
    stranger.force_login(make_member(make_study(), Role.OWNER))
    analyst.force_login(make_member(study, Role.ANALYST))
    for name in ("edit_protocol", "check_protocol", "preview_protocol"):
        url = at(study, name)
        act = "post" if name == "check_protocol" else "get"
        assert getattr(stranger, act)(url).status_code == 404
        assert getattr(analyst, act)(url).status_code == (200 if name == "preview_protocol" else 403)
        assert getattr(Client(), act)(url).status_code == 302
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_member(study, Role.OWNER))
    assert strict.post(at(study), typed(study, rules(), store="1")).status_code == 403


def test_a_protocol_of_votes_is_previewed_on_the_arenas_pages(editor, study):
    editor.post(at(study, "check_protocol"), typed(study, preset("arena")))
    preview = at(study, "preview_protocol")
    message = editor.get(preview, {"show": "opening"}).content.decode()
    assert "Explain compound interest" in message
    vote = editor.get(preview, {"show": "rating"}).content.decode()
    assert 'value="both_bad"' in vote
