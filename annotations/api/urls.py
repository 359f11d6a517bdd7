"""The API's addresses of annotations, under /api/v1/."""

from django.urls import path

from annotations.api import (
    adjudication,
    agreement,
    annotating,
    annotators,
    batches,
    judges,
    known_answers,
    prompts,
    rubrics,
    scenarios,
    tasks,
)

_study = "studies/<slug:slug>/"
_rubrics, _batch = f"{_study}rubrics/", f"{_study}batches/<slug:name>/"
_cell = f"{_batch}contests/<int:number>/<int:side>/<slug:field>/"
_run = f"{_study}judge-runs/<int:id>/"
_mine = "annotate/tasks/<int:id>/"
urlpatterns = [
    path(_rubrics, rubrics.Rubrics.as_view(), name="rubrics"),
    path(f"{_rubrics}check/", rubrics.CheckRubric.as_view(), name="check_rubric"),
    path(f"{_rubrics}versions/<int:id>/", rubrics.OneRubricVersion.as_view(), name="rubric_version"),
    path(f"{_rubrics}<slug:name>/", rubrics.RubricVersions.as_view(), name="rubric"),
    path(f"{_study}batches/", batches.Batches.as_view(), name="batches"),
    path(f"{_study}batch-size/", batches.BatchSize.as_view(), name="batch_size"),
    path(_batch, batches.OneBatch.as_view(), name="batch"),
    path(f"{_batch}open/", batches.OpenBatch.as_view(), name="open_batch"),
    path(f"{_batch}close/", batches.CloseBatch.as_view(), name="close_batch"),
    path(f"{_batch}again/", batches.FillBatchAgain.as_view(), name="fill_batch_again"),
    path(f"{_batch}mask/", batches.MaskBatch.as_view(), name="mask_batch"),
    path(f"{_batch}suggestions/", batches.SuggestIn.as_view(), name="batch_suggestions"),
    path(f"{_batch}annotators/", annotators.BatchAnnotators.as_view(), name="batch_annotators"),
    path(f"{_batch}tasks/", tasks.Tasks.as_view(), name="tasks"),
    path(f"{_batch}tasks/<int:number>/", tasks.OneTask.as_view(), name="task"),
    path(f"{_batch}annotations/", tasks.Annotations.as_view(), name="annotations"),
    path(f"{_study}annotators/", annotators.Annotators.as_view(), name="annotators"),
    path(
        f"{_study}annotators/<slug:annotator>/",
        annotators.OneAnnotator.as_view(),
        name="annotator",
    ),
    path(f"{_batch}known-answers/", known_answers.KnownAnswers.as_view(), name="known_answers"),
    path(f"{_batch}agreement/", agreement.Agreement.as_view(), name="agreement"),
    path(f"{_batch}contest-rule/", adjudication.ContestedBy.as_view(), name="contest_rule"),
    path(f"{_batch}contests/", adjudication.Contests.as_view(), name="contests"),
    path(f"{_batch}rulings/", adjudication.Rulings.as_view(), name="rulings"),
    path(_cell, adjudication.OneContest.as_view(), name="contest"),
    path(f"{_cell}look/", adjudication.Look.as_view(), name="look"),
    path(f"{_cell}rule/", adjudication.Rule.as_view(), name="rule"),
    path(f"{_study}judges/", judges.Judges.as_view(), name="judges"),
    path(f"{_study}judge-prompts/", prompts.Prompts.as_view(), name="judge_prompts"),
    path(f"{_study}judge-prompts/check/", prompts.CheckPrompts.as_view(), name="check_judge_prompts"),
    path(f"{_study}judge-prompts/<int:id>/", prompts.OnePromptSet.as_view(), name="judge_prompt_set"),
    path(f"{_study}judge-runs/", judges.Runs.as_view(), name="judge_runs"),
    path(f"{_study}judge-runs/estimate/", judges.Estimate.as_view(), name="judge_estimate"),
    path(_run, judges.OneRun.as_view(), name="judge_run"),
    path(f"{_run}start/", judges.StartRun.as_view(), name="start_judge_run"),
    path(f"{_run}pause/", judges.PauseRun.as_view(), name="pause_judge_run"),
    path(f"{_run}cancel/", judges.CancelRun.as_view(), name="cancel_judge_run"),
    path(f"{_run}quarantine/", judges.Unusable.as_view(), name="judge_quarantine"),
    path(f"{_study}scenario-groups/", scenarios.ScenarioGroups.as_view(), name="scenario_groups"),
    path(f"{_batch}scenarios/", scenarios.BatchScenarios.as_view(), name="batch_scenarios"),
    path(f"{_batch}scenarios/suggest/", scenarios.Suggest.as_view(), name="suggest_scenarios"),
    path(f"{_batch}form/", annotating.Form.as_view(), name="annotation_form"),
    path(f"{_batch}next/", annotating.NextTask.as_view(), name="next_task"),
    path("annotate/batches/", annotating.MyBatches.as_view(), name="my_batches"),
    path(_mine, annotating.MyTask.as_view(), name="my_task"),
    path(f"{_mine}draft/", annotating.Draft.as_view(), name="draft"),
    path(f"{_mine}submit/", annotating.Submit.as_view(), name="submit"),
    path(f"{_mine}skip/", annotating.Skip.as_view(), name="skip"),
    path(f"{_mine}release/", annotating.Release.as_view(), name="release"),
]
