"""The participant's addresses of the stage in which they annotate."""

from django.urls import path

from annotations.recruited import views

app_name = "recruited"
urlpatterns = [
    path("<slug:slug>/judging/", views.home, name="home"),
    path("<slug:slug>/judging/next/", views.begin, name="begin"),
    path("<slug:slug>/judging/ahead/", views.ahead, name="ahead"),
    path("<slug:slug>/judging/<int:pk>/", views.task, name="task"),
    path("<slug:slug>/judging/<int:pk>/draft/", views.draft, name="draft"),
    path("<slug:slug>/judging/<int:pk>/skip/", views.skip, name="skip"),
    path("<slug:slug>/judging/<int:pk>/feedback/", views.feedback, name="feedback"),
]
