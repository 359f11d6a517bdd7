"""What people do that no study hopes for: leave, decline, withdraw, be too young, come back, open two tabs,
go back, try to break in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from conversations.bots.answering import Pairs
from conversations.bots.browser import Unexpected
from conversations.bots.pages import Form, Page
from conversations.bots.people import Person

if TYPE_CHECKING:
    from conversations.bots.journey import Journey

LONG = "x" * 300_000
CHOSEN = {"radio", "checkboxes", "select"}
HOSTILE = (
    "<script>alert(1)</script>",
    "'; DROP TABLE surveys_answer; --",
    "\x00\ufffe\u202e{{ 7*7 }}{% debug %}",
    "../../etc/passwd",
    "-1e309",
    "NaN",
    "９" * 40,
    "[]{}null",
)


ENDS = ("declines", "withdraws", "is a minor")


class LeftForGood(Exception):
    """The person closed the browser and does not come back."""


@dataclass(frozen=True)
class Manners:
    """How rough a person is; each person shows one or two of `kinds`, and a tenth all of them."""

    person: Person

    @cached_property
    def kinds(self) -> frozenset[str]:
        dice = self.person.dice("manners")
        every = ("leaves", "returns", "two tabs", "back", "hostile")
        return frozenset(every[1:] if dice.random() < 0.1 else dice.sample(every, dice.randint(0, 2)))

    @cached_property
    def end(self) -> str:
        """How the person ends on purpose other than by completing; most do not."""
        dice = self.person.dice("end")
        return dice.choice(ENDS) if dice.random() < 0.3 else ""

    def now(self, kind: str, chance: float, *where: object) -> bool:
        return kind in self.kinds and self.person.does(chance, kind, *where)


@dataclass
class Rough:
    """A journey's rough side; called at each step, it returns the page to go on from."""

    journey: Journey
    manners: Manners

    async def before(self, page: Page, step: int, entry: str) -> Page:
        if self.manners.now("leaves", 0.12, step):
            self.journey.browser.watch.counts["left for good"] += 1
            raise LeftForGood
        if self.manners.now("returns", 0.15, step):
            page = await self._return(page, entry)
        if self.manners.end == "declines" and page.path.endswith("/consent/"):
            return await self._decline(page)
        if self.manners.end == "withdraws" and self.journey.person.does(0.1, "withdraws", step):
            return await self._withdraw()
        if self.manners.now("hostile", 0.5, step):
            await self._attack(page, step)
        if "/survey/" in page.path:
            page = await self._survey(page, step)
        return page

    async def after(self) -> None:
        """On the last page: one may still withdraw, and is paid for what was done before."""
        if self.manners.end != "withdraws" or self.journey.meant:
            return
        page = await self._withdraw()
        if page.code != self.journey.code:
            raise Unexpected("withdrawing after the end changed the code")

    async def _decline(self, page: Page) -> Page:
        """Not to take part: nothing is ticked."""
        form = self.journey.form(page)
        if "decline" not in form.buttons:
            raise Unexpected("nobody could decline to take part")
        after = await self.journey.browser.submit(form, [], button=("decline", "1"))
        self.journey.browser.watch.counts["declined to take part"] += 1
        self.journey.journal.consent = dict.fromkeys(form.fields, False)
        self.journey.meant = "no_consent"
        return after

    async def _withdraw(self) -> Page:
        """By the page for it, to the last page. What is stored is looked at before; after it nobody can."""
        journey = self.journey
        journey.record = await journey.my_record()
        asked = await journey.browser.open(f"{journey.study_url}mine/withdraw/")
        after = await journey.browser.submit(journey.form(asked, "/withdraw/"), [])
        if not after.path.endswith("/done/"):
            raise Unexpected(f"withdrew, and came to “{after.title}”")
        journey.browser.watch.counts["withdrew"] += 1
        journey.meant = "withdrawn"
        if (await journey.browser.get(f"{journey.study_url}my-data.json")).status_code == 200:
            raise Unexpected("what was stored can still be read after withdrawing")
        return after

    async def _return(self, page: Page, entry: str) -> Page:
        """By the panel's link again, with a new session id: to the step where they were."""
        self.journey.browser.watch.counts["returned by the link"] += 1
        session = f"{self.journey.person.dice('session', page.path).getrandbits(96):024x}"
        again = await self.journey.browser.open(entry.replace(self.journey.person.ids[1], session))
        if _stage(again.path) != _stage(page.path):
            raise Unexpected(f"came back to “{again.title}”")
        return again

    async def _attack(self, page: Page, step: int) -> None:
        """Forms with choices, with odd values in every field: refused, and never an error."""
        dice = self.journey.person.dice("attack", step)
        for form in page.forms:
            if not any(found.kind in CHOSEN for found in form.fields.values()):
                continue  # any words are a good answer to a question for words
            pairs: Pairs = [(name, dice.choice((*HOSTILE, LONG))) for name in form.fields]
            self.journey.browser.watch.counts["hostile forms"] += 1
            await self.journey.browser.provoke(form.action, [*_without_key(form), *pairs])

    async def _survey(self, page: Page, step: int) -> Page:
        if self.manners.now("two tabs", 0.3, step):
            return await self._two_tabs(page)
        if page.back and self.manners.now("back", 0.3, step):
            return await self._back(page)
        return page

    async def _two_tabs(self, page: Page) -> Page:
        """The same page open twice and sent from both: the later one counts.

        After the last page the questionnaire is closed, and a second window is told what was not taken.
        """
        self.journey.browser.watch.counts["two tabs"] += 1
        other = await self.journey.browser.open(page.url)
        after = await self._send(page, "first tab")
        if "/survey/" not in after.path:
            form = self.journey.form(other)
            filler = self.journey.filler(other, f"{other.path} late", is_careful=True)
            await self.journey.browser.submit_late(form, filler.fill(form))
            return after
        return await self._send(other, "second tab")

    async def _back(self, page: Page) -> Page:
        """To the page before, sent again with other answers."""
        self.journey.browser.watch.counts["went back"] += 1
        return await self._send(await self.journey.browser.open(urljoin(page.url, page.back)), "back")

    async def _send(self, page: Page, why: str) -> Page:
        form = self.journey.form(page)
        pairs = self.journey.filler(page, f"{page.path} {why}", is_careful=True).fill(form)
        after = await self.journey.browser.submit(form, pairs)
        if after.path == page.path:
            raise Unexpected("a complete page was refused")
        self.journey.note_page(form, pairs)
        return after


def _without_key(form: Form) -> Pairs:
    """The hidden fields, without the key: a hostile form must not use up the key of the real one."""
    return [(name, value) for name, value in form.hidden.items() if name != "form_key"]


def _stage(path: str) -> str:
    """Consent, survey, conversations or done."""
    parts = path.strip("/").split("/")
    return parts[2] if len(parts) > 2 else ""
