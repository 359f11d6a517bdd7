"""Addresses under /accounts/ that are not allauth's."""

from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("link/", views.link, name="link"),
    path("mail/", views.mail, name="mail"),
]
