"""Addresses under /coordinate/studies/<slug>/quotas/."""

from django.urls import path

from surveys.coordinate.views import quotas

urlpatterns = [
    path("", quotas.quotas, name="quotas"),
    path("edit/", quotas.edit, name="quotas_edit"),
    path("edit/preview/", quotas.preview, name="quotas_preview"),
    path("stop/", quotas.stop, name="quotas_stop"),
    path("cells/<int:pk>/", quotas.overfill, name="quotas_overfill"),
]
