"""Streaming a release to files: constant memory, a digest of every file, all files or none."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from analysis.exports import answers_format, arena_format, manifest, prism_format, properties_format, release
from analysis.exports.formats import ANSWERS
from analysis.exports.gate import Gate
from analysis.exports.lines import JsonLines
from analysis.exports.people import Documents, ReleasedPerson, documents_of, load
from analysis.exports.prism_format import (
    CONVERSATIONS,
    METADATA,
    MODELS,
    RATINGS,
    SURVEY,
    UTTERANCES,
    Models,
)
from analysis.exports.release import ARENA, CHOSEN_CONVERSATIONS, PROPERTIES, Scope
from conversations.models import LanguageModel, PoolEntry
from conversations.privacy.versions import rules_for

MANIFEST = "manifest.json"
# Called with the rows written so far and the rows expected.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Written:
    """A complete release in a folder of its own, not yet where it shall be."""

    folder: Path
    manifest: dict[str, Any]

    def publish(self, directory: Path) -> None:
        """Move the files into `directory`, the manifest last: where it stands, all it lists is there."""
        (directory / MANIFEST).unlink(missing_ok=True)
        for name in (*self.manifest["files"], MANIFEST):
            (self.folder / name).replace(directory / name)


@contextmanager
def written(scope: Scope, directory: Path, progress: Progress) -> Iterator[Written]:
    """Write the release beside its place in `directory` (made if missing) and keep its choice until the end.

    Raises OSError when the folder cannot be written.
    """
    is_new = not directory.exists()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=directory))
    try:
        with release.chosen(scope) as left_out:
            yield Written(folder, _write(scope, folder, progress, left_out))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if is_new:
            _remove_if_empty(directory)


def _remove_if_empty(directory: Path) -> None:
    with suppress(OSError):
        directory.rmdir()


def _write(scope: Scope, folder: Path, progress: Progress, left_out: Mapping[str, int]) -> dict[str, Any]:
    gate = Gate(rules_for(scope.study), _texts(scope))
    if scope.format == ANSWERS:
        facts, meaning = answers_format.write(scope, folder, progress, gate), answers_format.meaning(scope)
    elif scope.format == ARENA:
        facts, meaning = arena_format.write(scope, folder, progress, gate), arena_format.meaning(scope)
    elif scope.format == PROPERTIES:
        facts = properties_format.write(scope, folder, progress, gate)
        meaning = properties_format.meaning(scope)
    else:
        documents = documents_of(scope.study.pk)
        facts = _write_prism(scope, folder, progress, documents, gate)
        meaning = manifest.prism_meaning(scope, documents.values())
    made = manifest.build(scope, facts, left_out, {**meaning, "personal_data": gate.facts()})
    (folder / MANIFEST).write_text(json.dumps(made, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return made


def _texts(scope: Scope) -> Mapping[str, Sequence[str]]:
    """Where people wrote, by file: two formats have files of the same name."""
    texts = {ANSWERS: answers_format.TEXTS, ARENA: arena_format.TEXTS, PROPERTIES: properties_format.TEXTS_OF}
    return texts.get(scope.format, manifest.TEXTS)


def _write_prism(
    scope: Scope, folder: Path, progress: Progress, documents: Documents, gate: Gate
) -> dict[str, Any]:
    withheld = {} if scope.is_full else manifest.WITHHELD
    with ExitStack() as stack:
        files = {
            name: stack.enter_context(JsonLines(folder / name, [*withheld.get(name, ())], gate))
            for name in _prism_files()
        }
        batches = stack.enter_context(closing(release.numbered_people()))
        models = _write_models(scope, files[MODELS])
        expected = _rows_expected() + len(models)
        for batch in batches:
            for person in load(batch, documents):
                _write_person(person, models, files, gate)
            progress(sum(file.rows for file in files.values()), expected)
    return {name: file.facts() for name, file in files.items()}


def _prism_files() -> Sequence[str]:
    return prism_format.FILES if release.has_other_scales() else prism_format.PRISMS


def _write_person(person: ReleasedPerson, models: Models, files: Mapping[str, JsonLines], gate: Gate) -> None:
    without = {} if person.publishes_texts else manifest.TEXTS
    files[SURVEY].write(prism_format.survey_row(person), without.get(SURVEY, ()))
    for talk in person.conversations:
        row = prism_format.conversation_row(talk, models)
        files[CONVERSATIONS].write(row, without.get(CONVERSATIONS, ()))
        utterances = list(prism_format.utterance_rows(talk, models, first=files[UTTERANCES].rows))
        # Before the utterances, whose text may be withheld: its language is told all the same.
        for row in prism_format.talk_metadata(talk, utterances, gate.has_finds):
            files[METADATA].write(row)
        if RATINGS in files:
            for row in prism_format.rating_rows(talk, utterances):
                files[RATINGS].write(row)
        for row in utterances:
            files[UTTERANCES].write(row, without.get(UTTERANCES, ()))
    for row in prism_format.survey_metadata(person, gate.has_finds):
        files[METADATA].write(row)


def _write_models(scope: Scope, file: JsonLines) -> Models:
    """The models of the study's pool and those that answered in the release."""
    pool = set(PoolEntry.objects.filter(study=scope.study, is_on=True).values_list("model", flat=True))
    answered = release.answers().filter(turn__conversation__in=CHOSEN_CONVERSATIONS).order_by()
    wanted = {*chain(pool, answered.values_list("model", flat=True).distinct())}
    models = LanguageModel.objects.select_related("provider").order_by("name").in_bulk(list(wanted))
    for model in sorted(models.values(), key=lambda model: model.name):
        file.write(prism_format.model_row(model, model.pk in pool))
    return models


def _rows_expected() -> int:
    size = release.size()
    return size.people * 3 + size.conversations * 2 + size.turns + size.answers * 2
