"""Writing the prompts of a study's judges: each text is the next version, and judges keep theirs."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from annotations.judging.judges import load_prompts, newest_number
from annotations.judging.prompts import PromptsError, parse
from annotations.models import PromptSet
from annotations.prompts import KEYS
from surveys import audit
from surveys.models import Study

_NEWER = gettext_lazy(
    "Somebody stored a newer version since you began. Look at it, then take over what you need."
)
OWN = "own-"  # before the key of a shipped set that a study makes its own


class Meanwhile(Exception):
    """Somebody stored another version since this text was begun; the message says what to do."""


def text_of(version: PromptSet) -> str:
    """What stands in the editor at first; of a shipped set, a copy under a key of the study's own."""
    if version.study_id is not None:
        return version.text
    return version.text.replace(f"\nkey: {version.key}\n", f"\nkey: {OWN}{version.key}\n", 1)


def base_of(study: Study, text: str) -> int:
    """The number of the newest version of the set whose key stands in the text; 0 where there is none."""
    return newest_number(study, parse(text).key)


def store(study: Study, text: str, base: int, by: User) -> PromptSet:
    """The next version of the set whose key stands in the text; `base` is the number it was begun from, 0 for
    a new set. A text that is stored already is that version.

    Raises PromptsError and Meanwhile.
    """
    key = parse(text).key
    if key in KEYS:
        raise PromptsError(_("“%s” is the key of a shipped set. Give yours another.") % key)
    with transaction.atomic():
        Study.objects.select_for_update(no_key=True).get(pk=study.pk)
        newest = newest_number(study, key)
        found = load_prompts(text, study, by)
        if found.number <= newest:
            return found
        if newest != base:
            transaction.set_rollback(True)
            raise Meanwhile(_NEWER)
        audit.record(by, "prompts.stored", study=study, subject=str(found), sha256=found.sha256)
    return found
