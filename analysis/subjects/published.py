"""Subjects and languages under the names of compar:IA's tables."""

from typing import Any

from analysis.models import Subject

CATEGORIES = {
    "arts": "Arts",
    "business": "Business & Economics & Finance",
    "culture": "Culture & Cultural geography",
    "daily-life": "Daily Life & Home & Lifestyle",
    "education": "Education",
    "entertainment": "Entertainment & Travel & Hobby",
    "environment": "Environment",
    "food": "Food & Drink & Cooking",
    "health": "Health & Wellness & Medicine",
    "law": "Law & Justice",
    "science": "Natural Science & Formal Science & Technology",
    "career": "Personal Development & Human Resources & Career",
    "politics": "Politics & Government",
    "religion": "Religion & Spirituality",
    "shopping": "Shopping & Commodity",
    "society": "Society & Social Issues & Human Rights",
    "sports": "Sports",
    "other": "Other",
}


def published(subject: Subject | None) -> dict[str, Any]:
    """`categories` and `languages`, lists of one; what is not known is not there."""
    if subject is None:
        return {}
    return {
        **({"categories": [CATEGORIES[subject.category]]} if subject.category else {}),
        **({"languages": [subject.written_in]} if subject.written_in else {}),
    }
