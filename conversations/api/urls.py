"""The API's addresses of models, protocols and conversations, under /api/v1/."""

from django.urls import path

from conversations.api import converse, protocols, raw_texts, records, registry

_protocols, _person = "studies/<slug:slug>/protocols/", "studies/<slug:slug>/participants/<slug:code>/"
_talk = f"{_person}conversations/<slug:talk>/"
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
    path(_protocols, protocols.Protocols.as_view(), name="protocols"),
    path(f"{_protocols}check/", protocols.Check.as_view(), name="check_protocol"),
    path(f"{_protocols}<int:version>/", protocols.OneProtocol.as_view(), name="protocol"),
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
    path("studies/<slug:slug>/raw-texts/", raw_texts.RawTexts.as_view(), name="raw_texts"),
    path("studies/<slug:slug>/raw-texts/<int:id>/", raw_texts.OpenRawText.as_view(), name="raw_text"),
    path("studies/<slug:slug>/participants/", converse.Participants.as_view(), name="participants"),
    path(_person, converse.OneParticipant.as_view(), name="participant"),
    path(f"{_person}to-rate/", converse.ToRate.as_view(), name="to_rate"),
    path(f"{_person}conversations/", converse.Begin.as_view(), name="begin"),
    path(_talk, converse.OneTalk.as_view(), name="talk"),
    *(
        path(f"{_talk}{act.__name__.lower()}/", act.as_view(), name=f"talk_{act.__name__.lower()}")
        for act in converse.ACTS
    ),
]
