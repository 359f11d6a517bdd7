import pytest


@pytest.fixture(autouse=True)
def no_rate_limits(settings):
    """Every test comes from the same address; tests of a limit switch it on."""
    settings.RATE_LIMITS_ON = False
