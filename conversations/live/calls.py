"""A call to a provider in our words: what is asked, what is said at its end, and how it can fail."""

from dataclasses import dataclass, field
from typing import Any

from prism.lib.addresses import ANYBODY, Reach


class ProviderFailure(Exception):
    """A call that did not end well.

    `kind`: rate_limited, server_error, refused, unreachable, address, silent, cut, garbage, endless or empty.
    `detail` is for coordinators only; `retry_after` is in seconds.
    """

    def __init__(self, kind: str, detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.detail = detail[:300]
        self.retry_after = retry_after


@dataclass(frozen=True)
class Call:
    base_url: str
    api_key: str
    model: str
    messages: tuple[dict[str, str], ...]
    parameters: dict[str, Any]
    seed: int
    silence_seconds: float
    attempt: str
    provider: int = 0
    most_at_once: int = 0
    reach: Reach = ANYBODY


@dataclass
class Ending:
    """What the provider said at the end of a call."""

    finish_reason: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_reasoning: int | None = None
    is_complete: bool = False
    extra: dict[str, Any] = field(default_factory=dict)
