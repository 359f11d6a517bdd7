"""A participant over HTTP who may lose the connection at any time; sees only what a browser sees."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urljoin

from conversations.bots.browser import Browser, Stopwatch, new_client
from conversations.bots.pages import Form, Page
from conversations.bots.stream import Follower, Received
from conversations.live import loop
from conversations.running import participant_link
from surveys.models import Study
from tests.faults.house import wait_until

T = TypeVar("T")


@dataclass
class Heard(Received):
    """Also what a browser shows beside the text: which slots began again, and how each ended."""

    again: list[str] = field(default_factory=list)
    over: dict[str, str] = field(default_factory=dict)

    def take(self, news: dict[str, Any]) -> None:
        self.again += news.get("again", [])
        self.over |= news.get("over", {})
        super().take(news)


@dataclass
class Listening:
    """The page that follows the answers of a turn, in the background."""

    follower: Follower
    heard: Heard
    end: Future[None]

    def wait_for_text(self, characters: int = 20) -> None:
        """Return once every slot shows so much."""
        wait_until(lambda: self.end.done() or self._shows(characters))
        assert not self.end.done(), "the answers were over too early for the test"

    def _shows(self, characters: int) -> bool:
        texts = self.heard.texts.values()
        return bool(texts) and all(len(text) >= characters for text in texts)

    def wait_for_end(self, seconds: float = 90) -> dict[str, str]:
        """What every slot shows in the end."""
        self.end.result(seconds)
        return self.heard.texts


class Participant:
    """Comes in by a panel's link and holds one conversation."""

    def __init__(self, base_url: str, study: Study) -> None:
        client = new_client(base_url, ssl.create_default_context())
        self.browser = Browser(client, Stopwatch())
        self.page = _wait(self.browser.open(self._door(base_url, study)))

    def _door(self, base_url: str, study: Study) -> str:
        return participant_link(base_url, study.slug)

    @classmethod
    def in_conversation(cls, base_url: str, study: Study) -> Participant:
        """Somebody who may write a first message."""
        participant = cls(base_url, study)
        participant.submit("/conversations/", button=("type", "unguided"))
        return participant

    @property
    def code(self) -> str:
        """The conversation's, as it stands in the address."""
        return next(part for part in self.page.path.split("/") if part[:1] == "c" and part[1:].isdigit())

    def say(self, text: str) -> Listening:
        self.submit("/say/", [("text", text)])
        return self.listen()

    def listen(self) -> Listening:
        """Follow the stream of the page that is open."""
        stream = self.page.stream
        assert stream is not None, f"no answers to wait for at {self.page.title}"
        heard = Heard(texts=dict(stream.texts))
        follower = Follower(self.browser.client, stream.url, heard)
        return Listening(follower, heard, _begin(follower.follow()))

    def rate(self) -> None:
        """Score every answer differently, so that there is one winner."""
        form = self.form("/rate/")
        self.submit("/rate/", [(name, str(50 + at)) for at, name in enumerate(sorted(form.fields))])

    def reload(self) -> Page:
        self.page = _wait(self.browser.open(urljoin(self.page.url, "./")))
        return self.page

    def html(self) -> str:
        """All of the page that is open, as it is now."""
        return _wait(self.browser.get(self.page.url)).text

    def form(self, ending: str) -> Form:
        form = self.page.form(ending)
        assert form is not None, f"nothing to send to {ending} at {self.page.title}"
        return form

    def submit(
        self, ending: str, pairs: list[tuple[str, str]] | None = None, button: tuple[str, str] | None = None
    ) -> None:
        self.page = _wait(self.browser.submit(self.form(ending), pairs or [], button=button))


class Visitor(Participant):
    """Comes into the arena, agrees, and compares one pair."""

    @classmethod
    def in_arena(cls, base_url: str, arena: Study) -> Visitor:
        visitor = cls(base_url, arena)
        visitor.submit("/begin/", [("consent", "on")])
        return visitor

    def _door(self, base_url: str, study: Study) -> str:
        return f"{base_url}/arena/"

    def say(self, text: str) -> Listening:
        """The first message has a page of its own."""
        if self.page.form("/say/"):
            return super().say(text)
        self.submit("/arena/", [("text", text), ("mode", "random")])
        return self.listen()

    def rate(self) -> None:
        self.submit("/vote/", [("choice", "both_good")])


def _wait(work: Coroutine[Any, Any, T]) -> T:
    return loop.run(work)


def _begin(work: Coroutine[Any, Any, T]) -> Future[T]:
    return asyncio.run_coroutine_threadsafe(work, loop.running_loop())
