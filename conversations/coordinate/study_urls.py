"""Making studies and taking them along, under /coordinate/; before any address of a study."""

from django.urls import path

from conversations.coordinate import studies

app_name = "making"
urlpatterns = [
    path("studies/new/", studies.new, name="new"),
    path("studies/<slug:slug>/definition.zip", studies.export, name="export"),
]
