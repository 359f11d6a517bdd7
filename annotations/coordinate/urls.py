"""The coordinator's addresses under /coordinate/ that belong to annotations."""

from django.urls import path

from annotations.coordinate import rubric_editor, rubrics

app_name = "annotating"
urlpatterns = [
    path("studies/<slug:slug>/rubrics/", rubrics.rubrics, name="rubrics"),
    path("studies/<slug:slug>/rubrics/begin/", rubrics.begin, name="begin_rubric"),
    path("studies/<slug:slug>/rubrics/versions/<int:pk>/", rubrics.version, name="rubric_version"),
    path("studies/<slug:slug>/rubrics/<slug:name>/", rubric_editor.edit, name="edit_rubric"),
    path("studies/<slug:slug>/rubrics/<slug:name>/check/", rubric_editor.check, name="check_rubric"),
    path("studies/<slug:slug>/rubrics/<slug:name>/preview/", rubric_editor.preview, name="preview_rubric"),
]
