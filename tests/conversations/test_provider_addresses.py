"""A provider's address is looked at again when it is called, whatever it was when it was stored."""

import pytest
from django.urls import reverse

from conversations.fakellm.server import running
from conversations.models import Provider
from surveys.models.people import Role
from tests.conversations.scripted import Reply, scripted
from tests.conversations.talking import a_turn, let_models_answer, make_speakers, page
from tests.factories import make_member, make_study

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def fake():
    with running() as url:
        yield url


@pytest.fixture
def closed(settings):
    settings.ALLOW_PRIVATE_PROVIDERS = False


def speak(reply: Reply) -> None:
    reply.start()
    reply.chunk("Hello.")
    reply.end()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]"])
def test_a_stored_address_that_leads_inside_by_now_is_not_called(closed, host):
    asked = []
    with scripted(lambda one: (asked.append(1), speak(one))) as url:
        client, talk, turn = a_turn(url.replace("127.0.0.1", host), "any", opening__replacements=0)
        Provider.objects.update(is_fake=False)
        let_models_answer(turn)
        html = page(client, talk)
    response = turn.responses.get()
    assert (asked, response.state, response.failure) == ([], "failed", "address")
    assert "private network" in response.attempts.get().detail
    assert "No answer arrived." in html
    assert "private network" not in html


def test_its_slot_goes_to_a_model_that_may_be_called(closed, fake):
    with scripted(speak) as url:
        _, talk, turn = a_turn(url, "any")
        Provider.objects.update(is_fake=False)
        turn.responses.get().model.pools.update(is_on=False)
        make_speakers(talk.study, fake, "cirrus-mini")
        let_models_answer(turn)
    assert [r.failure for r in turn.responses.order_by("depth")] == ["address", ""]


def test_the_fake_provider_of_a_demo_is_called_on_this_machine(closed, fake):
    _, _, turn = a_turn(fake, "aurora-7b")
    let_models_answer(turn)
    assert turn.responses.get().state == "done"


def test_a_redirect_of_a_provider_is_not_followed():
    asked = []
    with (
        scripted(lambda one: (asked.append(1), speak(one))) as inner,
        scripted(lambda one: one.start(307, location=f"{inner}/chat/completions")) as url,
    ):
        _, _, turn = a_turn(url, "any", opening__replacements=0)
        let_models_answer(turn)
    assert (asked, turn.responses.get().failure) == ([], "refused")


def test_a_provider_that_somebody_moved_is_not_the_fake_one_any_more(fake, client):
    study = make_study()
    provider = Provider.objects.create(name="Fake", base_url=fake, is_fake=True)
    client.force_login(make_member(study, Role.COORDINATOR))
    fields = {"name": "Fake", "max_concurrent": "0", "silence_seconds": "30"}
    edit = reverse("registry:provider", args=[provider.pk])
    assert client.post(edit, {**fields, "base_url": fake}).status_code == 302
    provider.refresh_from_db()
    assert provider.is_fake
    assert client.post(edit, {**fields, "base_url": "https://8.8.8.8/v1"}).status_code == 302
    provider.refresh_from_db()
    assert (provider.base_url, provider.is_fake) == ("https://8.8.8.8/v1", False)
