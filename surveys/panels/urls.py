"""Addresses for panels' servers and for people who were invited by e-mail."""

from django.urls import path

from surveys.panels import views

app_name = "panels"
urlpatterns = [
    path("prolific/<str:key>/hook/", views.hook, name="hook"),
    path("no-mail/", views.no_mail, name="no_mail"),
]
