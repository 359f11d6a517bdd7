"""One bot's way through a study: at each page it does what a person would do there, until the last page."""

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import Any

from conversations.bots import words
from conversations.bots.annotating import Annotator
from conversations.bots.answering import Filler, Pairs, expected_answers, says_under_age
from conversations.bots.browser import Browser, Unexpected
from conversations.bots.journal import Journal, SentConversation, SentTurn, expected_feedback
from conversations.bots.judging import Judge
from conversations.bots.pages import Form, Page
from conversations.bots.people import Person
from conversations.bots.rough import LeftForGood, Manners, Rough
from conversations.bots.stream import Follower, Received

MOST_STEPS = 1000
JUDGING = re.compile(r"/judging/(?:(\d+)/|\d+/feedback/)?$")  # the task itself has its number alone
TALK = re.compile(r"/conversations/(c\d+)/(feedback/)?$")


@dataclass
class Journey:
    """`think` is the mean pause in seconds before each step of the person.

    `meant` is the outcome that the person brought about on purpose, other than completing; `record` is what
    was stored of them before they withdrew, after which nobody can look at it any more.
    """

    person: Person
    browser: Browser
    study_url: str
    think: float = 0.0
    is_rough: bool = False
    journal: Journal = field(default_factory=Journal)
    code: str = ""
    sent_at: float = 0.0
    sent_back: int = 0
    opened: int = 0
    is_returning: bool = False
    has_left: bool = False
    meant: str = ""
    record: dict[str, Any] | None = None
    is_minor: bool = False
    _restless: set[str] = field(default_factory=set)

    async def travel(self, entry: str) -> None:
        """From the panel's link to the last page, or to where the person leaves for good.

        Raises Unexpected where the site fails the person.
        """
        try:
            await self._travel(entry)
        except LeftForGood:
            self.has_left = True

    async def _travel(self, entry: str) -> None:
        rough = Rough(self, Manners(self.person)) if self.is_rough else None
        self.is_minor = rough is not None and rough.manners.end == "is a minor"
        with self.browser.watch.measure("entry"):
            page = await self.browser.open(entry)
        if "?" in page.url:
            raise Unexpected("the panel's parameters stayed in the address")
        self.is_returning = page.path.endswith("/done/")
        for step in range(MOST_STEPS):
            if page.path.endswith("/done/"):
                await self._arrive(page)
                if rough and not self.is_returning:
                    await rough.after()
                return
            await self._pause(step)
            if rough:
                page = await rough.before(page, step, entry)
            if not page.path.endswith("/done/"):
                page = await self._act(page)
        raise Unexpected("went round in circles")

    async def my_record(self) -> dict[str, Any]:
        """What the study has stored of this person."""
        answer = await self.browser.get(f"{self.study_url}my-data.json")
        if answer.status_code != 200:
            raise Unexpected(f"status {answer.status_code} at my-data.json")
        record: dict[str, Any] = answer.json()
        return record

    async def _arrive(self, page: Page) -> None:
        """The last page says the same code whenever one comes back to it."""
        with self.browser.watch.measure("done"):
            again = await self.browser.open(self.study_url)
        if again.code != page.code or not again.path.endswith("/done/"):
            raise Unexpected("the last page changed when it was opened again")
        self.code = page.code

    async def _pause(self, step: int) -> None:
        if self.think:
            await asyncio.sleep(self.person.dice("think", step).expovariate(1 / self.think))

    async def _act(self, page: Page) -> Page:
        path = page.path
        if path.endswith("/consent/"):
            return await self._consent(page)
        if "/survey/" in path:
            return await self._answer(page)
        if path.endswith("/conversations/"):
            return await self._begin_talk(page)
        if path.endswith("/conversations/rating/"):
            return await self._rate_once_more(page)
        if path.endswith("/models/"):
            return await self.browser.open(self.study_url)
        if judging := JUDGING.search(path):
            return await (self._annotate(page) if judging[1] else self._next_task(page))
        talk = TALK.search(path)
        if talk is None:
            raise Unexpected(f"did not know what to do at “{page.title}”")
        if talk[2]:
            return await self._give_feedback(page, talk[1])
        return await self._talk(page, talk[1])

    def form(self, page: Page, ending: str = "") -> Form:
        form = page.form(ending)
        if form is None:
            raise Unexpected(f"no form to send at “{page.title}”")
        return form

    async def _send(
        self,
        step: str,
        form: Form,
        pairs: Pairs,
        *purpose: object,
        button: tuple[str, str] | None = None,
    ) -> Page:
        """Send a form; some people double-click. `purpose` decides whether, the same at every run."""
        is_double = self.person.does(self.person.habits.double_clicks, "double click", step, *purpose)
        self.browser.watch.counts["double clicks"] += is_double
        with self.browser.watch.measure(step):
            return await self.browser.submit(form, pairs, button=button, times=2 if is_double else 1)

    async def _consent(self, page: Page) -> Page:
        form = self.form(page)
        pairs = Filler(self.person, page.language, "consent").fill(form)
        after = await self._send("consent", form, pairs)
        if after.path != page.path:
            self.journal.consent = {name: (name, "on") in pairs for name in form.fields}
        return after

    async def _answer(self, page: Page) -> Page:
        """A page of the questionnaire; who is sent back for something overlooked looks more closely."""
        form, place = self.form(page), page.path
        pairs = self.filler(page, place, is_careful=self.sent_back > 0).fill(form)
        if self.person.does(self.person.habits.autosaves, "autosave", place):
            form = await self._come_back_later(page, form, pairs)
        after = await self._send("survey page", form, pairs, place, self.sent_back)
        if after.path == place:
            self._count_sent_back()
            return after
        self.sent_back = 0
        self.note_page(form, pairs)
        return after

    def filler(self, page: Page, place: str, *, is_careful: bool) -> Filler:
        return Filler(self.person, page.language, place, is_careful, self.is_minor)

    def note_page(self, form: Form, pairs: Pairs) -> None:
        """Journal a page of the questionnaire that the server took."""
        self.journal.pages += 1
        self.journal.answers |= expected_answers(form, pairs)
        if says_under_age(form, pairs):
            self.meant = "screened_out"

    def _count_sent_back(self) -> None:
        self.sent_back += 1
        if self.sent_back > 2:
            raise Unexpected("a complete page was refused")

    async def _come_back_later(self, page: Page, form: Form, pairs: Pairs) -> Form:
        """Leave a page that was saved by itself, and find it again as it was left."""
        await self.browser.autosave(form, pairs)
        self.browser.watch.counts["reloads"] += 1
        again = self.form(await self.browser.open(page.url))
        typed = {found.name for found in form.fields.values() if found.kind in {"text", "long text"}}
        left = {name: " ".join(value.split()) for name, value in pairs if name in typed and value.strip()}
        found = {name: " ".join("".join(again.fields[name].given).split()) for name in left}
        if left != found:
            raise Unexpected("what was typed was gone after a reload")
        return again

    async def _begin_talk(self, page: Page) -> Page:
        form = self.form(page)
        kinds = sorted(form.buttons.get("type", []))
        if not kinds:
            raise Unexpected("no conversation was offered")
        kind = self.person.dice("kind", self.opened).choice(kinds)
        after = await self._send("overview", form, [], self.opened, button=("type", kind))
        talk = TALK.search(after.path)
        if talk is None:
            raise Unexpected("no conversation began")
        self.opened += 1
        self.journal.conversations[talk[1]] = SentConversation(kind)
        return after

    async def _talk(self, page: Page, code: str) -> Page:
        """The conversation as it stands: read, rate, choose, reply or finish."""
        talk = self.journal.conversations[code]
        if page.stream:
            return await self._read(page, talk)
        if page.form("/again/"):
            return await self._ask_again(page)
        if page.form("/rate/"):
            return await self._rate(page, talk)
        if page.form("/choose/"):
            return await self._choose(page, talk)
        return await self._reply_or_finish(page, talk)

    def _where(self, talk: SentConversation) -> str:
        """Where in the bot's own story this is; the server's codes are new in every run."""
        place = list(self.journal.conversations.values()).index(talk)
        return f"{place}.{len(talk.turns)}"

    async def _reply_or_finish(self, page: Page, talk: SentConversation) -> Page:
        say, finish = page.form("/say/"), page.form("/finish/")
        wanted = self.person.dice("turns", self._where(talk)[:-2]).randint(2, 5)
        if finish and (say is None or len(talk.turns) >= wanted):
            return await self._send("finish", finish, [], self._where(talk))
        if say is None:
            raise Unexpected(f"neither a message nor the end was offered at “{page.title}”")
        return await self._say(page, say, talk)

    async def _say(self, page: Page, form: Form, talk: SentConversation) -> Page:
        where = self._where(talk)
        text = form.fixed.get("text") or self._message(page, talk, where)
        self.sent_at = time.monotonic()
        after = await self._send("say", form, [("text", text.replace("\n", "\r\n"))], where)
        talk.turns.append(SentTurn(text))
        return after

    def _message(self, page: Page, talk: SentConversation, where: str) -> str:
        dice = self.person.dice("message", where)
        if talk.turns:
            return words.compose(words.language(page.language).replies, dice)
        return dice.choice(words.openings(page.language, talk.type))

    async def _read(self, page: Page, talk: SentConversation) -> Page:
        """Follow the answers; some people lose the connection on the way, some reload the page."""
        assert page.stream is not None
        turn, where = talk.turns[-1], self._where(talk)
        received = Received(texts=dict(page.stream.texts))
        follower = Follower(self.browser.client, page.stream.url, received, on_text=self._saw_text)
        reloads = self._is_restless("reloads", where)
        if reloads or self._is_restless("loses_connection", where):
            follower.leaves_after = self.person.dice("leaves after", where).randint(1, 15)
            self.browser.watch.counts["reloads" if reloads else "lost connections"] += 1
        await follower.follow(stays_away=reloads)
        self.browser.watch.counts["interrupted streams"] += follower.interruptions
        if received.is_complete:
            self.browser.watch.note("answers complete", self.sent_at)
            turn.streamed = dict(received.texts)
        return await self.browser.open(page.url)

    def _is_restless(self, habit: str, where: str) -> bool:
        """Once a message at most."""
        key = f"{habit} {where}"
        if key in self._restless:
            return False
        self._restless.add(key)
        return self.person.does(getattr(self.person.habits, habit), habit, where)

    def _saw_text(self) -> None:
        if self.sent_at and self.sent_at not in self._seen_text:
            self._seen_text.add(self.sent_at)
            self.browser.watch.note("first text", self.sent_at)

    _seen_text: set[float] = field(default_factory=set)

    async def _ask_again(self, page: Page) -> Page:
        self.browser.watch.counts["no answer, asked again"] += 1
        return await self._send("say", self.form(page, "/again/"), [], page.path)

    async def _rate(self, page: Page, talk: SentConversation) -> Page:
        form, turn, where = self.form(page, "/rate/"), talk.turns[-1], self._where(talk)
        after = await self._send("rate", form, Judge(self.person, where).judge(form, turn), where)
        turn.is_asked = after.form("/choose/") is not None
        return after

    async def _rate_once_more(self, page: Page) -> Page:
        """Answers of before in another order, which the page does not say."""
        form, turn = self.form(page), SentTurn("")
        where = f"second.{len(self.journal.second)}"
        after = await self._send("rate", form, Judge(self.person, where).judge(form, turn), where)
        if after.path == page.path:
            raise Unexpected("complete ratings were refused")
        self.journal.second.append(turn)
        return after

    async def _next_task(self, page: Page) -> Page:
        """From the stage's own page, or after the feedback on training."""
        return await self._send("next task", self.form(page, "/next/"), [], len(self.journal.annotations))

    async def _annotate(self, page: Page) -> Page:
        """A task: what stands out in answers of others."""
        where = len(self.journal.annotations)
        form = self.form(page, page.path)
        pairs, sent = Annotator(self.person, page.language, str(where)).annotate(form)
        after = await self._send("annotate", form, pairs, where)
        if after.path == page.path:
            raise Unexpected("an annotation was refused")
        self.journal.annotations.append(sent)
        return after

    async def _choose(self, page: Page, talk: SentConversation) -> Page:
        form, turn, where = self.form(page, "/choose/"), talk.turns[-1], self._where(talk)
        slot = self.person.dice("tie", where).choice(sorted(form.buttons["slot"]))
        after = await self._send("choose", form, [], where, button=("slot", slot))
        turn.chosen = slot
        return after

    async def _give_feedback(self, page: Page, code: str) -> Page:
        form, talk = self.form(page), self.journal.conversations[code]
        place = f"feedback {self._where(talk)}"
        pairs = Filler(self.person, page.language, place, is_careful=self.sent_back > 0).fill(form)
        after = await self._send("feedback", form, pairs, place, self.sent_back)
        if after.path == page.path:
            self._count_sent_back()
            return after
        self.sent_back = 0
        talk.feedback = expected_feedback(form, pairs)
        return after
