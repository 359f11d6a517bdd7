"""Addresses under /accounts/ that are not allauth's."""

from django.urls import path, re_path

from accounts import views

app_name = "accounts"
urlpatterns = [
    # Nobody here has a password or signs up; the library's pages for that stay shut.
    re_path(r"^(signup|email|password|confirm-email)/", views.shut, name="shut"),
    path("link/", views.link, name="link"),
    path("mail/", views.mail, name="mail"),
]
