"""One house and one browser for every test of this directory."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium
from tests.e2e.house import House, running

SPEED = 12.0


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running(tmp_path_factory.mktemp("house"), SPEED) as house:
        yield house


@pytest.fixture(scope="package")
def browser(house: House) -> Iterator[Browser]:
    with chromium() as browser:
        yield browser
