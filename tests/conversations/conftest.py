"""A study whose conversations are answered by the fake provider, and somebody who is in it."""

import pytest

from tests.conversations.talking import come_in, make_talk_study


@pytest.fixture
def study():
    return make_talk_study()


@pytest.fixture
def person(study, client):
    return come_in(study, client)
