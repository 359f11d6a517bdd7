"""The participant's addresses up to the conversations."""

from django.urls import path, re_path

from surveys.views import consent, door, entry, language, notices, rights, steps, survey

app_name = "surveys"
urlpatterns = [
    path("<slug:slug>/", entry.study, name="study"),
    path("<slug:slug>/begin/", door.begin, name="begin"),
    path("<slug:slug>/resume/", entry.resume, name="resume"),
    path("<slug:slug>/consent/", consent.consent, name="consent"),
    path("<slug:slug>/survey/", survey.survey, name="survey"),
    path("<slug:slug>/survey/<slug:page>/", survey.survey_page, name="page"),
    re_path(r"^(?P<slug>[-\w]+)/draft/(?P<page>[-:\w]{1,120})/$", steps.draft, name="draft"),
    path("<slug:slug>/mine/purposes/", rights.purposes, name="purposes"),
    path("<slug:slug>/mine/withdraw/", rights.withdraw, name="withdraw"),
    path("<slug:slug>/language/", language.switch_language, name="language"),
    path("<slug:slug>/notices/<int:pk>/read/", notices.notice, name="notice"),
    path("<slug:slug>/done/", steps.done, name="done"),
]
