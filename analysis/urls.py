"""Addresses of the read-only top, under /coordinate/."""

from django.urls import path

from analysis.views import exports, live

app_name = "analysis"
urlpatterns = [
    path("studies/<slug:slug>/", live.live, name="live"),
    path("studies/<slug:slug>/participants/<str:code>/", live.participant, name="participant"),
    path("studies/<slug:slug>/exports/", exports.exports, name="exports"),
    path("studies/<slug:slug>/exports/<slug:code>/", exports.progress, name="export"),
    path("studies/<slug:slug>/exports/<slug:code>/files/<str:name>", exports.file, name="export_file"),
    path("studies/<slug:slug>/exports/<slug:code>/delete/", exports.delete, name="export_delete"),
]
