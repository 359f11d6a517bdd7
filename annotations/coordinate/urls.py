"""The coordinator's addresses under /coordinate/ that belong to annotations."""

from django.urls import path

from annotations.coordinate import (
    adjudication,
    agreement,
    annotators,
    batch,
    batches,
    known_answers,
    recruited,
    rubric_editor,
    rubrics,
    scenarios,
    suggestions,
)
from annotations.coordinate.judge_urls import urlpatterns as judges

app_name = "annotating"
urlpatterns = [
    *judges,
    path("studies/<slug:slug>/annotators/", annotators.annotators, name="annotators"),
    path("studies/<slug:slug>/annotators/<int:pk>/", annotators.save_profile, name="save_profile"),
    path("studies/<slug:slug>/annotators/<int:pk>/excluded/", annotators.exclude, name="exclude_annotator"),
    path("studies/<slug:slug>/batches/", batches.batches, name="batches"),
    path("studies/<slug:slug>/batches/new/", batches.new, name="new_batch"),
    path("studies/<slug:slug>/batches/<slug:name>/", batch.batch, name="batch"),
    path("studies/<slug:slug>/batches/<slug:name>/annotators/", batch.annotators, name="batch_annotators"),
    path(
        "studies/<slug:slug>/batches/<slug:name>/known-answers/",
        known_answers.known_answers,
        name="known_answers",
    ),
    path("studies/<slug:slug>/batches/<slug:name>/rules/", batch.rules, name="batch_rules"),
    path(
        "studies/<slug:slug>/batches/<slug:name>/suggestions/",
        suggestions.suggestions,
        name="batch_suggestions",
    ),
    path("studies/<slug:slug>/batches/<slug:name>/tasks/<int:number>/", batch.task, name="batch_task"),
    path("studies/<slug:slug>/batches/<slug:name>/<slug:what>/", batch.act, name="act_on_batch"),
    path("studies/<slug:slug>/recruited/", recruited.recruited, name="recruited"),
    path("studies/<slug:slug>/rubrics/", rubrics.rubrics, name="rubrics"),
    path("studies/<slug:slug>/rubrics/begin/", rubrics.begin, name="begin_rubric"),
    path("studies/<slug:slug>/rubrics/versions/<int:pk>/", rubrics.version, name="rubric_version"),
    path("studies/<slug:slug>/rubrics/<slug:name>/", rubric_editor.edit, name="edit_rubric"),
    path("studies/<slug:slug>/rubrics/<slug:name>/check/", rubric_editor.check, name="check_rubric"),
    path("studies/<slug:slug>/rubrics/<slug:name>/preview/", rubric_editor.preview, name="preview_rubric"),
    path("studies/<slug:slug>/agreement/", agreement.batches, name="agreement"),
    path("studies/<slug:slug>/agreement/<slug:name>/", agreement.batch, name="agreement_of"),
    path("studies/<slug:slug>/agreement/<slug:name>/chart/", agreement.chart, name="agreement_chart"),
    path("studies/<slug:slug>/agreement/<slug:name>/compute/", agreement.compute, name="compute_agreement"),
    path("studies/<slug:slug>/agreement/<slug:name>/<slug:ending>/", agreement.file, name="agreement_file"),
    path("studies/<slug:slug>/adjudication/", adjudication.batches, name="adjudication"),
    path("studies/<slug:slug>/adjudication/<slug:name>/", adjudication.batch, name="adjudicate_batch"),
    path(
        "studies/<slug:slug>/adjudication/<slug:name>/rule/",
        adjudication.change_rule,
        name="change_contest_rule",
    ),
    path("studies/<slug:slug>/adjudication/<slug:name>/next/", adjudication.next_one, name="next_contest"),
    path(
        "studies/<slug:slug>/adjudication/<slug:name>/<int:number>/<int:side>/<slug:field>/",
        adjudication.adjudicate,
        name="adjudicate",
    ),
    path("studies/<slug:slug>/scenarios/", scenarios.scenarios, name="scenarios"),
    path("studies/<slug:slug>/scenario-groups/", scenarios.change_groups, name="change_scenario_groups"),
    path("studies/<slug:slug>/scenarios/<slug:name>/", scenarios.of_batch, name="batch_scenarios"),
    path("studies/<slug:slug>/scenarios/<slug:name>/correct/", scenarios.correct, name="correct_scenarios"),
    path("studies/<slug:slug>/scenarios/<slug:name>/suggest/", scenarios.suggest, name="suggest_scenarios"),
]
