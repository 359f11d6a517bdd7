"""Suggestions by a language model, where the operator set one: it sees a text alone, and never decides."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Exists, OuterRef

from prism.lib import outgoing
from prism.lib.addresses import OPERATOR
from surveys.models import Answer, CodingScheme, CodingSuggestion, Study

from . import texts
from .schemes import Scheme

if TYPE_CHECKING:
    import openai

log = logging.getLogger(__name__)
SECONDS = 30.0
MAXIMUM_WORDS = 2000


def is_on() -> bool:
    return bool(settings.CODING_MODEL_URL and settings.CODING_MODEL)


def suggest(study: Study, row: CodingScheme) -> int:
    """Ask about every text that was not asked about yet, once; gives how many there were."""
    if not is_on():
        return 0
    known = CodingSuggestion.objects.filter(answer=OuterRef("pk"), scheme=row, source=settings.CODING_MODEL)
    asked = texts.to_code(study, row).filter(~Exists(known))
    with _client() as client:
        return sum(_ask_once(client, row, answer) for answer in asked.iterator(chunk_size=200))


def suggested(row: CodingScheme, answer: Answer) -> str:
    """What the model chose for a text; "" where it was not asked or named no category."""
    found = CodingSuggestion.objects.filter(answer=answer, scheme=row, source=settings.CODING_MODEL)
    return found.values_list("category", flat=True).first() or ""


def _client() -> openai.OpenAI:
    import openai  # takes most of a second, and few processes ever ask

    return openai.OpenAI(
        base_url=settings.CODING_MODEL_URL,
        api_key=settings.CODING_MODEL_KEY or "none",
        timeout=SECONDS,
        max_retries=0,
        http_client=outgoing.client(settings.CODING_MODEL_URL, OPERATOR),
    )


def _ask_once(client: openai.OpenAI, row: CodingScheme, answer: Answer) -> int:
    """The row stands before the call, so that no second worker makes it; a failed call suggests nothing."""
    import openai

    claim, is_first = CodingSuggestion.objects.get_or_create(
        answer=answer, scheme=row, source=settings.CODING_MODEL
    )
    if not is_first:
        return 0
    try:
        category = ask(client, texts.scheme_of(row), texts.words(answer))
    except openai.OpenAIError as error:
        log.warning("no suggestion from the coding model: %s", type(error).__name__)
        return 1
    CodingSuggestion.objects.filter(pk=claim.pk).update(category=category)
    return 1


def ask(client: openai.OpenAI, scheme: Scheme, words: str) -> str:
    """The category that the model names; "" for any other answer. Raises openai.OpenAIError."""
    prompt = scheme.prompt.format(categories=", ".join(f"“{value}”" for value in scheme.values))
    answer = client.chat.completions.create(
        model=settings.CODING_MODEL,
        messages=[{"role": "system", "content": prompt}, {"role": "user", "content": words[:MAXIMUM_WORDS]}],
        temperature=0,
        max_tokens=30,
    )
    said = (answer.choices[0].message.content or "") if answer.choices else ""
    bare = said.strip(" \n.\"'“”*").casefold()
    return next((value for value in scheme.values if value.casefold() == bare), "")
