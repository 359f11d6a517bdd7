"""Addresses of the read-only top, under /coordinate/."""

from django.urls import path

from analysis.views import exports

app_name = "analysis"
urlpatterns = [
    path("studies/<slug:slug>/exports/", exports.exports, name="exports"),
]
