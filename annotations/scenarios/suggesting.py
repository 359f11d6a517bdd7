"""Scenarios of a batch's tasks: unsafe by tag first, then the classifier; what people say stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db import transaction

from accounts.models import User
from annotations.models import Batch, ScenarioClassifier, ScenarioGroups, Task
from annotations.scenarios.classifier import Classifier, unpacked
from annotations.scenarios.groups import Groups, parse, shipped_text
from surveys import audit
from surveys.models import Study

AT_ONCE = 1000
Source = Task.ScenarioSource
# What a file, a judge or a person said is never replaced by a suggestion.
REPLACEABLE = ("", Source.TAG, Source.CLASSIFIER)
# A judge knows better than the classifier, and than a judge before it.
FREE_FOR_JUDGES = ("", Source.CLASSIFIER, Source.JUDGE)
Found = tuple[str, str, str]  # class, group, source


@dataclass(frozen=True)
class Query:
    """`flagged`: what moderation found in the message of a participant, if it was asked."""

    task: int
    text: str
    tags: Sequence[object]
    flagged: Mapping[str, str] | None


def text_of(study: Study) -> str:
    """The study's own list of groups, or the shipped one."""
    own = ScenarioGroups.objects.filter(study=study).first()
    return own.text if own else shipped_text()


def groups_of(study: Study) -> Groups:
    return parse(text_of(study))


def classifier_of(study: Study) -> Classifier | None:
    row = ScenarioClassifier.objects.filter(study=study).first()
    return unpacked(row.classes, bytes(row.weights)) if row else None


def suggest(batch: Batch) -> int:
    """Give every task a scenario whose source may be replaced; how many were looked at."""
    groups, classifier = groups_of(batch.study), classifier_of(batch.study)
    _group_those_of_files(batch, groups)
    looked_at = 0
    for queries in _slices(batch):
        found: dict[Found, list[int]] = defaultdict(list)
        for query in queries:
            found[_scenario(query, groups, classifier)].append(query.task)
        for (scenario, group, source), keys in found.items():
            # Asked again, as a person may have decided meanwhile.
            Task.objects.filter(pk__in=keys, scenario_source__in=REPLACEABLE).update(
                scenario=scenario, scenario_group=group, scenario_source=source
            )
        looked_at += len(queries)
    return looked_at


def is_decided(task: Task) -> bool:
    """Whether no judge need be asked: a person or a file said it, or it is unsafe, which is noted here."""
    rows = Task.objects.filter(pk=task.pk, scenario_source__in=FREE_FOR_JUDGES)
    query = rows.values_list("pk", "query", "tags", "turn__text_check__flagged").first()
    if query is None:
        return True
    scenario, group, source = _scenario(Query(*query), groups_of(task.batch.study), None)
    if source != Source.TAG:
        return False
    rows.update(scenario=scenario, scenario_group=group, scenario_source=source)
    return True


def take_from_judge(task: int, scenario: str, groups: Groups) -> bool:
    """The class that a judge named, unless somebody decided meanwhile or the list has it no more."""
    rows, group = Task.objects.filter(pk=task, scenario_source__in=FREE_FOR_JUDGES), groups.group_of(scenario)
    named = {"scenario": scenario, "scenario_group": group, "scenario_source": Source.JUDGE}
    return bool(group and rows.update(**named))


def correct(batch: Batch, wanted: Mapping[int, str], by: User) -> int:
    """Put tasks, by number, into the groups that a person chose; how many were changed.

    The class stays where it belongs to the chosen group.
    """
    groups, changed = groups_of(batch.study), 0
    with transaction.atomic():
        for task in batch.tasks.filter(number__in=list(wanted)).select_for_update():
            group = wanted[task.number]
            if group not in groups.classes or group == task.scenario_group:
                continue
            task.scenario = task.scenario if groups.group_of(task.scenario) == group else ""
            task.scenario_group, task.scenario_source = group, Source.PERSON
            task.save(update_fields=["scenario", "scenario_group", "scenario_source"])
            changed += 1
        if changed:
            audit.record(by, "scenarios.corrected", study=batch.study, subject=batch.slug, tasks=changed)
    return changed


def change_groups(study: Study, text: str, by: User) -> int:
    """Store the study's list and put every task of a known class where it now belongs, unless a person or a
    file said otherwise; how many tasks moved. Raises GroupsError."""
    groups = parse(text)
    with transaction.atomic():
        ScenarioGroups.objects.update_or_create(study=study, defaults={"text": text, "changed_by": by})
        moved = sum(_move(study, group, classes) for group, classes in groups.classes.items())
        audit.record(by, "scenarios.grouped", study=study, tasks=moved)
    return moved


def _move(study: Study, group: str, classes: tuple[str, ...]) -> int:
    of_study = Task.objects.filter(batch__study=study, scenario__in=classes)
    told = (Source.CLASSIFIER, Source.JUDGE)
    return (
        of_study.filter(scenario_source__in=told).exclude(scenario_group=group).update(scenario_group=group)
    )


def _group_those_of_files(batch: Batch, groups: Groups) -> None:
    """A file may name a class and no group."""
    without = batch.tasks.filter(scenario_group="", scenario_source=Source.IMPORT)
    for group, classes in groups.classes.items():
        without.filter(scenario__in=classes).update(scenario_group=group)


def _slices(batch: Batch) -> Iterator[list[Query]]:
    tasks = batch.tasks.filter(scenario_source__in=REPLACEABLE, erased_at=None).order_by("pk")
    columns = ("pk", "query", "tags", "turn__text_check__flagged")
    rows = tasks.values_list(*columns).iterator(chunk_size=AT_ONCE)
    while queries := [Query(*row) for row in islice(rows, AT_ONCE)]:
        yield queries


def _scenario(query: Query, groups: Groups, classifier: Classifier | None) -> Found:
    if groups.is_unsafe(query.tags) or query.flagged:
        return "", groups.unsafe, Source.TAG
    scenario = classifier.tell(query.text) if classifier else ""
    group = groups.group_of(scenario)
    return (scenario, group, Source.CLASSIFIER) if group else ("", "", "")
