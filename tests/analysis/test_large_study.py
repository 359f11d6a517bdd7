"""Every view of a study's people, with rows of every kind: how much it asks of the database."""

import pytest

from benchmarks import monitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def views():
    # Twice as many people as a page of a table has lines.
    return monitor.measure(100, times=1)["views"]


def test_every_view_of_a_study_takes_at_most_twelve_queries(views):
    assert {name: view["queries"] for name, view in views.items() if view["queries"] > 12} == {}
    assert {"live picture", "one participant's way", "bonuses", "credits", "links", "audit"} <= views.keys()
    assert {"coding", "exports", "quotas", "submissions", "quality"} <= views.keys()
