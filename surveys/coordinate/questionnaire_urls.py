"""Addresses under /coordinate/studies/<slug>/questionnaire/."""

from django.urls import path

from surveys.coordinate.views import importing, preview, questionnaire, versions

urlpatterns = [
    path("", questionnaire.questionnaire, name="questionnaire"),
    path("check/", questionnaire.check, name="check_questionnaire"),
    path("preview/", preview.preview, name="questionnaire_preview"),
    path("import/", importing.import_questionnaire, name="import_questionnaire"),
    path("versions/", versions.versions, name="versions"),
    path("versions/<int:pk>/use/", versions.use, name="use_version"),
    path("versions/<int:pk>/open/", versions.open_version, name="open_version"),
]
