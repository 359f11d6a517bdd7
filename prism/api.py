"""Addresses of the API, version 1."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from analysis.api.urls import urlpatterns as analysis
from annotations.api.urls import urlpatterns as annotations
from conversations.api.urls import urlpatterns as conversations
from surveys.api import views as surveys
from surveys.api.documentation import documentation

app_name = "api"
urlpatterns = [
    path("studies/", surveys.Studies.as_view(), name="studies"),
    path("studies/<slug:slug>/", surveys.OneStudy.as_view(), name="study"),
    path("studies/<slug:slug>/questionnaires/", surveys.Questionnaires.as_view(), name="questionnaires"),
    path(
        "studies/<slug:slug>/questionnaires/<slug:key>/<int:version>/",
        surveys.OneQuestionnaire.as_view(),
        name="questionnaire",
    ),
    path("studies/<slug:slug>/enrolments/", surveys.Enrolments.as_view(), name="enrolments"),
    path("studies/<slug:slug>/enrolments/<slug:code>/", surveys.OneEnrolment.as_view(), name="enrolment"),
    path("studies/<slug:slug>/outcomes/", surveys.Outcomes.as_view(), name="outcomes"),
    path("studies/<slug:slug>/outcomes/days/", surveys.OutcomesByDay.as_view(), name="outcomes_by_day"),
    path("studies/<slug:slug>/quotas/", surveys.Quotas.as_view(), name="quotas"),
    path("studies/<slug:slug>/quotas/cells/", surveys.QuotaCells.as_view(), name="quota_cells"),
    *conversations,
    *annotations,
    *analysis,
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", documentation, name="docs"),
    path("<path:rest>", surveys.Nothing.as_view()),
]
