"""The models of a study that may be drawn now: asked for at every first message, in one statement."""

from dataclasses import dataclass

from conversations.models import LanguageModel
from prism.lib import statements

_POOL = """
    SELECT m.id, m.billions, p.is_fake, p.open_until IS NOT NULL
    FROM conversations_poolentry e
    JOIN conversations_languagemodel m ON m.id = e.model_id
    JOIN conversations_provider p ON p.id = m.provider_id
    WHERE e.study_id = %s AND e.is_on AND m.status = %s AND p.is_on
    ORDER BY m.id
"""


@dataclass(frozen=True)
class Entry:
    """A model that is in the pool and switched on, as its provider is."""

    model: int
    billions: float | None
    is_fake: bool
    rests: bool


def drawable(study_id: int, least: int = 1) -> list[Entry]:
    """Those that the study may draw now, in a stable order.

    The fake provider's models are left out as soon as a model of a real provider is there, and those of a
    provider that rests as long as `least` others are left: a call that may fail is better than none.
    """
    active = LanguageModel.Status.ACTIVE.value
    pool = [Entry(*row) for row in statements.rows(_POOL, [study_id, active])]
    pool = [entry for entry in pool if not entry.is_fake] or pool
    awake = [entry for entry in pool if not entry.rests]
    return awake if len(awake) >= least else pool
