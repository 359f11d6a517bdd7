"""The leaderboard in a browser: charts beside the table, nothing wider than a phone, no barriers."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from analysis.leaderboard import keeping
from analysis.models import LeaderboardDay
from conversations.models import LanguageModel
from tests.analysis.arena_votes import make_arena, vote_in
from tests.browser import COLOURS, chromium, flaws
from tests.e2e.player import SETTLED

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NAMES = (
    "Aurora 7B",
    "Basalt 70B Instruct",
    "Cirrus Mini",
    "Delta Chat 13B",
    "Ember Large",
    "Fjord 405B Preview",
)
# Theme, width, the rules of axe and those left out: colours depend on the theme alone, the rest on the width.
LOOKS = (("light", 1280, (), ()), ("dark", 1280, COLOURS, ()), ("light", 390, (), COLOURS))
CHOICES = ("a_better", "b_better", "both_good", "both_bad", "idk")


@pytest.fixture
def address(live_server, settings, tmp_path):
    settings.EXPORT_DIR = tmp_path
    study, models = make_arena(len(NAMES))
    for number, (model, name) in enumerate(zip(models, NAMES, strict=True)):
        model.short_name, model.billions, model.price_out = name, 3.0 * 2**number, 0.2 * (1 + number)
        model.maker = ("Zyxware", "Northern Lights Research Institute")[number % 2]
    models[2].status = LanguageModel.Status.ARCHIVED
    LanguageModel.objects.bulk_update(models, ["short_name", "billions", "price_out", "maker", "status"])
    rng = np.random.default_rng(5)
    for number in range(150):
        i, j = rng.choice(len(models) - 1 if number else len(models), 2, replace=False)
        choice = CHOICES[rng.choice(5, p=[0.25 + 0.04 * (i - j), 0.33 - 0.04 * (i - j), 0.2, 0.12, 0.1])]
        vote_in(
            study,
            [models[i], models[j]],
            choice,
            language=("en", "fr")[number % 2],
            leaked_a=number % 20 == 0,
        )
    vote_in(study, [models[0], models[-1]], "b_better")
    first = keeping.recompute()
    # The same day once more, a little lower, as if it were three days ago: lines need two days.
    earlier = LeaderboardDay.objects.get()
    scores = [
        {**row, **{name: row[name] - 30 for name in ("score", "low", "high")}} for row in earlier.scores
    ]
    day = earlier.day - timedelta(days=3)
    LeaderboardDay.objects.create(day=day, leaderboard=first, scores=scores)
    return f"{live_server.url}/leaderboard/"


def test_every_page_fits_without_barriers_and_draws_points_and_lines_and_a_filter_is_in_the_address(
    address,
):
    with chromium() as browser:
        page = browser.new_page(reduced_motion="reduce")
        faults: list[str] = []
        page.on("console", lambda said: faults.append(said.text))
        for name in ("", "matrix/", "against/", "history/", "method/"):
            page.goto(address + name)
            for theme, width, rules, but in LOOKS:
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=theme)
                page.evaluate(SETTLED, theme)
                picture = f"{name[:-1] or 'home'}-{theme}-{width}.png"
                if folder := os.environ.get("PICTURES"):
                    page.screenshot(path=Path(folder) / picture, full_page=True)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, picture
                assert flaws(page, *rules, but=but) == [], picture
                assert faults == [], picture
        page.goto(f"{address}against/")
        drawn = [figure.locator("circle").count() for figure in page.locator("figure.board-figure").all()]
        assert drawn == [5, 5, 5]  # price, energy and size of those with enough votes
        page.goto(f"{address}history/")
        assert page.locator(".past polyline").count() == 5
        page.goto(address)
        page.click("text=More filters")
        page.select_option("#filter-language", "fr")
        page.click("text=Show")
        page.wait_for_url("**/leaderboard/?**language=fr**")
        assert page.input_value("#filter-language") == "fr"
