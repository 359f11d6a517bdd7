"""Invented annotated pairs in the published record schema, with judges whose preferences are known."""

import json

import numpy as np

from analysis.dissection.degrees import sigmoid
from analysis.dissection.features import features
from analysis.dissection.properties import PER_ITEM, PROPERTIES, RATED, SCENARIOS
from analysis.dissection.record_values import read_pair

LABELS = {
    "satisfies_constraints": [0, 1, 2, 3],
    "supports_stances": [level.label for level in PROPERTIES["supports_stances"].scale.levels],
    "corrects_mistakes": [level.label for level in PROPERTIES["corrects_mistakes"].scale.levels],
}
FACTS = {
    "satisfies_constraints": "explicit constraints",
    "supports_stances": "explicit subjective stances",
    "corrects_mistakes": "explicit mistakes or biases",
}


def record(rng, **changed):
    """A pair as it is published: everything asked that the query asks for."""
    items = {slug: [f"thing | {number}" for number in range(rng.integers(0, 3))] for slug in PER_ITEM}
    made = {
        "query": "Why?",
        "scenario_group": str(rng.choice(SCENARIOS)),
        "clear intent": str(rng.choice(["Yes", "No"])),
        "explicitly express feelings": str(rng.choice(["Yes", "No"])),
        **{FACTS[slug]: items[slug] for slug in PER_ITEM},
        "preference_labels": {"human": str(rng.choice(["response_1", "response_2"]))},
    }
    asked = {"clarifies_intent": made["clear intent"] == "No"}
    asked["empathetic"] = made["explicitly express feelings"] == "Yes"
    for side in (1, 2):
        made |= sided(rng, side, items, asked)
    return made | changed


def sided(rng, side, items, asked):
    severities = rng.choice(["minor", "moderate", "severe"], rng.integers(0, 4))
    errors = [
        {"brief description": "x", "severity": str(word), "type": "factual error"} for word in severities
    ]
    specific = {PROPERTIES[slug].key: int(rng.integers(0, 4)) if asked[slug] else None for slug in asked}
    for slug in PER_ITEM:
        specific[PROPERTIES[slug].key] = [f"{item} | {rng.choice(LABELS[slug])}" for item in items[slug]]
    return {
        f"response_{side}": {"content": "x", "model": "m", "num_words": int(rng.integers(1, 300))},
        f"basic_response_{side}": {PROPERTIES[slug].key: int(rng.integers(0, 4)) for slug in RATED},
        f"errors_response_{side}": {"applicable or not": "applicable", "errors": errors},
        f"query-specific_response_{side}": specific,
    }


def judged(rng, many, judges):
    """Records whose judges, by name, prefer by these weights."""
    made = [record(rng) for _ in range(many)]
    values = np.array([read_pair(row).values for row in made])
    x = features(values[:, 0], values[:, 1])
    for row, pair in zip(made, x, strict=True):
        row["preference_labels"] = {
            name: "response_1" if rng.random() < sigmoid(pair @ weights) else "response_2"
            for name, weights in judges.items()
        }
    return made


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
