"""The arena in a frame: only for the sites that its study names, with cookies that hold there."""

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from conversations.arena.embedding import MARK, OriginRefused, read_origin
from conversations.models import Embedding
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.conversations.talking import field
from tests.conversations.test_arenas import make_arena, signed_in
from tests.factories import make_member, make_study

PAGE = "/coordinate/studies/schools/arena/"
FRAMED = "/arena/schools/?embed=1"


@pytest.fixture
def study(db):
    study = make_arena()
    Embedding.objects.create(study=study, origins=["https://school.example"])
    return study


def is_refused(answer) -> bool:
    return (
        answer.get("X-Frame-Options") == "DENY"
        and "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    )


def test_only_pages_of_the_arena_asked_for_in_a_frame_open_to_the_sites_named(study):
    client = Client()
    framed = client.get(FRAMED)
    assert "X-Frame-Options" not in framed
    policy = framed["Content-Security-Policy"]
    assert "frame-ancestors 'self' https://school.example;" in policy
    assert "script-src 'self'" in policy
    assert is_refused(Client().get("/arena/schools/"))
    for other in ("/?embed=1", "/leaderboard/?embed=1", "/accounts/login/?embed=1", "/coordinate/?embed=1"):
        assert is_refused(client.get(other)), other
    make_arena("other", models=0)
    assert is_refused(client.get("/arena/other/?embed=1"))
    Embedding.objects.update(origins=[])
    assert is_refused(client.get(FRAMED))


def test_cookies_of_a_frame_are_partitioned_and_those_of_a_tab_are_not(study):
    client = Client(enforce_csrf_checks=True)
    page = client.get(FRAMED, headers={"sec-fetch-dest": "iframe"})
    html = page.content.decode()
    assert 'data-frame-sites="https://school.example"' in html
    assert {"csrftoken", MARK} <= page.cookies.keys()
    sent = {"consent": "on", "door_key": field(html, "door_key")}
    sent["csrfmiddlewaretoken"] = field(html, "csrfmiddlewaretoken")
    begun = client.post("/arena/schools/begin/", sent, headers={"sec-fetch-dest": "iframe"})
    assert begun.status_code == 302
    assert any(name.startswith("prism-device") for name in begun.cookies)
    spoken = {"language": "fr", "next": "/arena/schools/", "csrfmiddlewaretoken": sent["csrfmiddlewaretoken"]}
    said = client.post("/i18n/setlang/", spoken, headers={"sec-fetch-dest": "iframe"})
    assert "django_language" in said.cookies
    for cookie in (*page.cookies.values(), *begun.cookies.values(), *said.cookies.values()):
        assert (cookie["samesite"], cookie["secure"], cookie["partitioned"]) == ("None", True, True)
        assert "Partitioned" in cookie.OutputString()
    inside = client.get("/arena/schools/", headers={"sec-fetch-dest": "iframe"})
    assert "is-framed" in inside.content.decode()
    assert "X-Frame-Options" not in inside
    # The same browser in a tab of its own, where the mark may be known too if both are of one site.
    tab = client.get("/arena/schools/", headers={"sec-fetch-dest": "document"})
    assert "is-framed" not in tab.content.decode()
    assert is_refused(tab)
    fresh = Client().get("/arena/schools/").cookies["csrftoken"]
    assert (fresh["samesite"], fresh["partitioned"]) == ("Lax", "")


def test_looking_at_the_compact_page_in_a_tab_leaves_its_cookies_alone(study):
    page = Client().get(FRAMED, headers={"sec-fetch-dest": "document"})
    assert "is-framed" in page.content.decode()
    assert MARK not in page.cookies
    assert page.cookies["csrftoken"]["samesite"] == "Lax"


def test_a_coordinator_names_the_sites_and_gets_what_they_write_into_their_page(study):
    owner = signed_in(make_member(study))
    typed = "https://School.example/\nhttps://b.example:8443  http://localhost:8001"
    assert owner.post(PAGE, {"origins": typed}).status_code == 302
    wanted = ["https://school.example", "https://b.example:8443", "http://localhost:8001"]
    assert Embedding.objects.get(study=study).origins == wanted
    page = owner.get(PAGE).content.decode()
    assert "/arena/schools/?embed=1" in page
    assert "js/arena-frame.js" in page
    assert AuditEvent.objects.get(action="arena.embedding").detail == {"origins": wanted}
    refused = owner.post(PAGE, {"origins": "https://*.example"})
    assert refused.status_code == 422
    assert "is no address of a site" in refused.content.decode()
    assert Embedding.objects.get(study=study).origins == wanted


def test_only_who_runs_the_study_names_sites(study):
    for client, status in (
        (signed_in(make_member(study, Role.ANALYST)), 403),
        (signed_in(make_member(make_study())), 404),
        (Client(), 302),
    ):
        assert client.post(PAGE, {"origins": "https://evil.example"}).status_code == status
    guarded = Client(enforce_csrf_checks=True)
    guarded.force_login(make_member(study))
    assert guarded.post(PAGE, {"origins": "https://evil.example"}).status_code == 403
    assert Embedding.objects.get(study=study).origins == ["https://school.example"]


@pytest.mark.parametrize(
    "text",
    ["http://school.example", "school.example", "https://", "https://a b", "https://a;script-src *",
     "https://a.example/path", "https://me@a.example", "https://a.example:99999", "javascript:1", "'none'"],
)  # fmt: skip
def test_what_is_no_site_is_refused(text):
    with pytest.raises(OriginRefused):
        read_origin(text)


@given(st.text(max_size=40))
def test_nothing_that_is_read_as_a_site_could_add_to_a_policy(text):
    try:
        origin = read_origin(f"https://{text}")
    except OriginRefused:
        return
    assert origin.isascii()
    assert not set(origin) & set(" ;,'\"*\n\r\t")
