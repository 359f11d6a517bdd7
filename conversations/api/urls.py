"""The API's addresses of models, protocols and conversations, under /api/v1/."""

from django.urls import path

from conversations.api import records, registry

urlpatterns = [
    path("models/", registry.Models.as_view(), name="models"),
    path("models/catalogue/", registry.Catalogue.as_view(), name="catalogue"),
    path("models/health/", registry.Health.as_view(), name="health"),
    path("models/<int:id>/", registry.OneModel.as_view(), name="model"),
    path("models/<int:id>/test/", registry.TryModel.as_view(), name="try_model"),
    path("providers/", registry.Providers.as_view(), name="providers"),
    path("providers/<int:id>/", registry.OneProvider.as_view(), name="provider"),
    path("providers/<int:id>/back/", registry.BringBack.as_view(), name="bring_back"),
    path("studies/<slug:slug>/models/", registry.Pool.as_view(), name="pool"),
    path("studies/<slug:slug>/conversations/", records.Conversations.as_view(), name="conversations"),
    path(
        "studies/<slug:slug>/conversations/<slug:code>/",
        records.OneConversation.as_view(),
        name="conversation",
    ),
    path("studies/<slug:slug>/turns/", records.Turns.as_view(), name="turns"),
    path("studies/<slug:slug>/ratings/", records.Ratings.as_view(), name="ratings"),
    path("studies/<slug:slug>/votes/", records.Votes.as_view(), name="votes"),
    path("studies/<slug:slug>/reactions/", records.Reactions.as_view(), name="reactions"),
    path("studies/<slug:slug>/reports/", records.Reports.as_view(), name="reports"),
]
