"""The coordinator's addresses under /coordinate/ that belong to surveys."""

from django.urls import include, path

from surveys.coordinate.views import (
    account,
    audit,
    invitations,
    participants,
    people,
    retention,
    studies,
    tokens,
)

app_name = "coordinate"
urlpatterns = [
    path("", studies.studies, name="studies"),
    path("account/", account.account, name="account"),
    path("account/tokens/", tokens.tokens, name="tokens"),
    path("account/tokens/<int:pk>/revoke/", tokens.revoke, name="revoke_token"),
    path("audit/", audit.registry, name="audit_registry"),
    path("invitation/", invitations.invitation, name="invitation"),
    path("studies/<slug:slug>/settings/", studies.settings, name="settings"),
    path("studies/<slug:slug>/state/", studies.state, name="state"),
    path("studies/<slug:slug>/preview/", studies.preview, name="preview"),
    path("studies/<slug:slug>/participants/", participants.participants, name="participants"),
    path(
        "studies/<slug:slug>/participants/<str:code>/reidentify/", participants.reidentify, name="reidentify"
    ),
    path("studies/<slug:slug>/", include("surveys.coordinate.monitor_urls")),
    path("studies/<slug:slug>/panel/", include("surveys.coordinate.panel_urls")),
    path("studies/<slug:slug>/people/", people.people, name="people"),
    path("studies/<slug:slug>/people/invite/", people.invite, name="invite"),
    path("studies/<slug:slug>/people/invitations/<int:pk>/revoke/", people.revoke, name="revoke"),
    path("studies/<slug:slug>/people/<int:pk>/", people.change, name="member"),
    path("studies/<slug:slug>/people/<int:pk>/remove/", people.remove, name="remove"),
    path("studies/<slug:slug>/audit/", audit.audit, name="audit"),
    path("studies/<slug:slug>/consent/", include("surveys.coordinate.consent_urls")),
    path("studies/<slug:slug>/retention/", retention.retention, name="retention"),
    path("studies/<slug:slug>/quotas/", include("surveys.coordinate.quota_urls")),
    path("studies/<slug:slug>/coding/", include("surveys.coordinate.coding_urls")),
    path("studies/<slug:slug>/questionnaire/", include("surveys.coordinate.questionnaire_urls")),
]
