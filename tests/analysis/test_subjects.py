"""What messages are about, by lists of words."""

from pathlib import Path

import pytest
import yaml

from analysis.leaderboard import words as pages
from analysis.subjects import rules
from analysis.subjects.published import CATEGORIES

MESSAGES = yaml.safe_load(Path(__file__).with_name("prompts_by_category.yaml").read_text(encoding="utf-8"))


def test_most_messages_of_a_small_measure_are_told_right():
    """36 of 40 when this was written; docs/analysis.md says so."""
    told = [rules.category(text) or rules.OTHER for _, text in MESSAGES]
    right = sum(found == category for found, (category, _) in zip(told, MESSAGES, strict=True))
    assert right >= 36


@pytest.mark.parametrize(
    ("text", "category", "language"),
    [
        ("Bonjour, tu peux m'aider s'il te plaît ?", "other", "fr"),
        ("Ich hätte gern gewusst, wie das morgen wird, danke schön", "", "de"),
        ("???", "", ""),
        ("UNE RECETTE DE GÂTEAU, S'IL TE PLAÎT", "food", "fr"),
        ("Law, law, law, law: which cake and which soup would you bring to them?", "food", "en"),
    ],
)
def test_a_word_counts_once_in_any_writing_and_what_is_not_known_is_blank(text, category, language):
    assert rules.read(text) == rules.Reading(category, language)


def test_every_category_has_a_name_on_the_pages_and_in_exports():
    listed = {
        category
        for kinds in (rules.words().whole, rules.words().stems)
        for found in kinds.values()
        for category in found
    }
    assert listed | {rules.OTHER} == set(pages.CATEGORIES) == set(CATEGORIES)
