"""Addresses under /coordinate/studies/<slug>/coding/."""

from django.urls import path

from surveys.coordinate.views import coding

urlpatterns = [
    path("", coding.overview, name="coding"),
    path("<slug:key>/", coding.code, name="code"),
    path("<slug:key>/ask/", coding.ask, name="ask_coding_model"),
    path("<slug:key>/rulings/", coding.rulings, name="coding_rulings"),
]
