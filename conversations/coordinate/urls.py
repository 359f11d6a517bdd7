"""The registry of models under /coordinate/, and each study's pool."""

from django.urls import path

from conversations.coordinate import (
    arena,
    catalogue,
    health,
    privacy,
    protocol,
    protocol_editor,
    protocol_preview,
    reports,
    views,
    votes,
)

app_name = "registry"
urlpatterns = [
    path("models/", views.models, name="models"),
    path("models/health/", health.health, name="health"),
    path("models/add/", views.edit_model, name="add_model"),
    path("models/import/", catalogue.load, name="import"),
    path("models/export.yaml", catalogue.export, {"kind": "yaml"}, name="export"),
    path("models/export.json", catalogue.export, {"kind": "json"}, name="export_json"),
    path("models/<int:pk>/", views.edit_model, name="model"),
    path("models/<int:pk>/test/", views.test_model, name="test"),
    path("providers/add/", views.edit_provider, name="add_provider"),
    path("providers/<int:pk>/", views.edit_provider, name="provider"),
    path("providers/<int:pk>/back/", health.bring_back, name="bring_back"),
    path("studies/<slug:slug>/models/", views.pool, name="pool"),
    path("studies/<slug:slug>/arena/", arena.arena, name="arena"),
    path("studies/<slug:slug>/arena/portals/new/", arena.portal, name="new_portal"),
    path("studies/<slug:slug>/arena/portals/<int:pk>/", arena.portal, name="portal"),
    path("studies/<slug:slug>/arena/portals/<int:pk>/switch/", arena.switch, name="portal_switch"),
    path("studies/<slug:slug>/arena/portals/<int:pk>/preview/", arena.preview, name="portal_preview"),
    path("studies/<slug:slug>/votes/", votes.votes, name="votes"),
    path("studies/<slug:slug>/protocol/", protocol.protocol, name="protocol"),
    path("studies/<slug:slug>/protocol/edit/", protocol_editor.edit, name="edit_protocol"),
    path("studies/<slug:slug>/protocol/check/", protocol_editor.check, name="check_protocol"),
    path("studies/<slug:slug>/protocol/preview/", protocol_preview.preview, name="preview_protocol"),
    path("studies/<slug:slug>/reports/", reports.reports, name="reports"),
    path("studies/<slug:slug>/privacy/", privacy.privacy, name="privacy"),
    path("studies/<slug:slug>/privacy/try/", privacy.try_rules, name="privacy_try"),
    path("studies/<slug:slug>/privacy/texts/", privacy.texts, name="privacy_texts"),
    path("studies/<slug:slug>/privacy/texts/<int:pk>/", privacy.text, name="privacy_text"),
]
