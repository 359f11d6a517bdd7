"""How fast surveys move: people who submit page after page, without thinking or with a pause."""

import asyncio
import html
import random
import re
import time
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
RADIO = re.compile(r'<input[^>]*type="radio"[^>]*>')
TICK = re.compile(r'<input[^>]*type="checkbox"[^>]*>')
TEXT = re.compile(r'<(?:textarea|input(?=[^>]*type="(?:text|number)"))[^>]*name="([^"]+)"')
SELECT = re.compile(r'<select[^>]*name="([^"]+)".*?</select>', re.S)
OPTION = re.compile(r'<option[^>]*value="([^"]+)"')
NAME, VALUE = re.compile(r'name="([^"]+)"'), re.compile(r'value="([^"]*)"')
FORM = re.compile(r"<form\b[^>]*method=\"post\"[^>]*>.*?</form>", re.S)
MOST_PAGES = 60


@dataclass
class Walked:
    """What came of everybody's walk; seconds."""

    steps: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.steps) / self.seconds


def fill(form: str, dice: random.Random) -> list[tuple[str, str]]:
    """Something valid in every field: hidden fields as they are, the first choice, all boxes, a few words."""
    fields = {name: html.unescape(value) for name, value in HIDDEN.findall(form)}
    for tag in RADIO.findall(form):
        name, value = NAME.search(tag), VALUE.search(tag)
        if name and value and (name[1] not in fields or dice.random() < 0.3):
            fields[name[1]] = html.unescape(value[1])
    for select in SELECT.finditer(form):
        values = OPTION.findall(select[0])
        if values:
            fields[select[1]] = html.unescape(dice.choice(values[-20:]))
    for tag in TICK.findall(form):
        name, value = NAME.search(tag), VALUE.search(tag)
        if name and name[1] not in fields and not name[1].endswith((".declined", "__na")):
            fields[name[1]] = html.unescape(value[1]) if value else "on"
    for name in TEXT.findall(form):
        fields.setdefault(
            name, "50" if "." in name else "I like it when a text is short and says what it means."
        )
    return list(fields.items())


@dataclass
class Door:
    """Opens for all once all have come in."""

    awaited: int
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    all_in: asyncio.Event = field(default_factory=asyncio.Event)

    def enter(self) -> None:
        self.awaited -= 1
        if not self.awaited:
            self.all_in.set()


async def walk(link: str, walked: Walked, door: Door, pause: tuple[float, float], seed: int) -> None:
    """One person from the first page to the last; a step is a page sent and the next one shown."""
    dice = random.Random(seed)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with browser.get(link) as answer:
            text, address = await answer.text(), str(answer.url)
        door.enter()
        await door.gate.wait()
        for _ in range(MOST_PAGES):
            form = FORM.search(_main(text))
            if form is None:
                return
            if pause[1]:
                await asyncio.sleep(dice.uniform(*pause))
            begun = time.perf_counter()
            sent = browser.post(address, data=fill(form[0], dice), headers=_headers(form[0]))
            async with sent as answer:
                text = await answer.text()
                address = str(answer.url.join(URL(answer.headers.get("X-Prism-Address", ""))))
            walked.steps.append(time.perf_counter() - begun)
            if answer.status != 200:
                walked.errors.append(f"{answer.status} at {answer.url.path}")
                return
        walked.errors.append("too many pages")


def _headers(form: str) -> dict[str, str]:
    """As the page's own script asks: for the part that changes, within the survey and nowhere else."""
    return {"X-Prism-Part": "survey"} if 'id="survey-form"' in form else {}


def _main(page: str) -> str:
    """Without header and footer, which have forms of their own."""
    return page.split("<main", 1)[-1].split("</main>", 1)[0]


async def everybody(links: list[str], pause: tuple[float, float] = (0, 0)) -> Walked:
    """All come in, then all begin in the same moment."""
    walked, door = Walked(), Door(len(links))
    people = [asyncio.create_task(walk(link, walked, door, pause, seed)) for seed, link in enumerate(links)]
    await door.all_in.wait()
    begun = time.perf_counter()
    door.gate.set()
    await asyncio.gather(*people)
    walked.seconds = time.perf_counter() - begun
    return walked
