"""The registry of models under /coordinate/, and each study's pool."""

from django.urls import path

from conversations.coordinate import health, views

app_name = "registry"
urlpatterns = [
    path("models/", views.models, name="models"),
    path("models/health/", health.health, name="health"),
    path("models/add/", views.edit_model, name="add_model"),
    path("models/<int:pk>/", views.edit_model, name="model"),
    path("models/<int:pk>/test/", views.test_model, name="test"),
    path("providers/add/", views.edit_provider, name="add_provider"),
    path("providers/<int:pk>/", views.edit_provider, name="provider"),
    path("providers/<int:pk>/back/", health.bring_back, name="bring_back"),
    path("studies/<slug:slug>/models/", views.pool, name="pool"),
]
