"""A small study and somebody who has just agreed to take part."""

import pytest

from tests.surveys.visitors import make_small_study, newcomer


@pytest.fixture
def study():
    return make_small_study(panel={"codes": {"screened_out": "COUT"}})


@pytest.fixture
def visitor(study):
    return newcomer(study)[0]
