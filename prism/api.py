"""Addresses of the API, version 1."""

from django.urls import path

from surveys import api as surveys

app_name = "api"
urlpatterns = [
    path("studies/", surveys.StudyList.as_view(), name="studies"),
    path("studies/<slug:slug>/", surveys.StudyDetail.as_view(), name="study"),
]
