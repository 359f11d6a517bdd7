"""Addresses of the read-only top, under /coordinate/."""

from django.urls import path

from analysis.views import dissections, exports, imports, live

app_name = "analysis"
urlpatterns = [
    path("studies/<slug:slug>/", live.live, name="live"),
    path("studies/<slug:slug>/participants/<str:code>/", live.participant, name="participant"),
    path("studies/<slug:slug>/imports/", imports.imports, name="imports"),
    path("studies/<slug:slug>/imports/<slug:code>/", imports.progress, name="import"),
    path("studies/<slug:slug>/imports/<slug:code>/faults.csv", imports.faults, name="import_faults"),
    path("studies/<slug:slug>/imports/<slug:code>/stop/", imports.stop, name="import_stop"),
    path("studies/<slug:slug>/datasets/<slug:key>/public/", imports.public, name="dataset_public"),
    path("studies/<slug:slug>/dissections/", dissections.dissections, name="dissections"),
    path("studies/<slug:slug>/dissections/begin/", dissections.begin, name="begin_dissection"),
    path("studies/<slug:slug>/dissections/<slug:code>/", dissections.dissection, name="dissection"),
    path("studies/<slug:slug>/dissections/<slug:code>/<str:name>", dissections.file, name="dissection_file"),
    path("studies/<slug:slug>/exports/", exports.exports, name="exports"),
    path("studies/<slug:slug>/exports/<slug:code>/", exports.progress, name="export"),
    path("studies/<slug:slug>/exports/<slug:code>/files/<str:name>", exports.file, name="export_file"),
    path("studies/<slug:slug>/exports/<slug:code>/release/", exports.release, name="export_release"),
    path("studies/<slug:slug>/exports/<slug:code>/delete/", exports.delete, name="export_delete"),
]
