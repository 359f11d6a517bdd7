"""A fake provider for the tests of a module, and its log of calls, empty."""

from collections.abc import Iterator

import httpx2
import pytest

from conversations.fakellm.server import running


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with running() as url:
        yield url


@pytest.fixture
def root(base_url: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=base_url.removesuffix("/v1")) as client:
        client.delete("/calls")
        yield client
