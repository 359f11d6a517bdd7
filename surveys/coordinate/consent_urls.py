"""Addresses under /coordinate/studies/<slug>/consent/."""

from django.urls import path

from surveys.coordinate.views import consent

urlpatterns = [
    path("", consent.consent, name="consent"),
    path("preview/", consent.preview, name="consent_preview"),
    path("versions/<int:pk>/", consent.version, name="consent_version"),
]
