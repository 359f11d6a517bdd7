"""The annotators' addresses under /annotate/."""

from django.urls import path

from annotations import task_views, views

app_name = "annotations"
urlpatterns = [
    path("", views.home, name="home"),
    path("batches/<int:pk>/next/", views.begin, name="begin"),
    path("batches/<int:pk>/ahead/", views.ahead, name="ahead"),
    path("tasks/<int:pk>/", task_views.task, name="task"),
    path("tasks/<int:pk>/draft/", task_views.draft, name="draft"),
    path("tasks/<int:pk>/skip/", task_views.skip, name="skip"),
    path("tasks/<int:pk>/feedback/", task_views.feedback, name="feedback"),
]
