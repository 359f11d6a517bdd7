"""The API's addresses of annotations, under /api/v1/."""

from django.urls import path

from annotations.api import annotators, batches, rubrics, tasks

_study = "studies/<slug:slug>/"
_rubrics, _batch = f"{_study}rubrics/", f"{_study}batches/<slug:name>/"
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
]
