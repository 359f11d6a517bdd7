"""The API's addresses of the leaderboard and of dissections, under /api/v1/."""

from django.urls import path

from analysis.api import dissections, leaderboard

_dissections = "studies/<slug:slug>/dissections/"
urlpatterns = [
    path("leaderboard/", leaderboard.Scores.as_view(), name="leaderboard"),
    path("leaderboard/matrix/", leaderboard.Matrix.as_view(), name="leaderboard_matrix"),
    path("leaderboard/history/", leaderboard.History.as_view(), name="leaderboard_history"),
    path("leaderboard/method/", leaderboard.Method.as_view(), name="leaderboard_method"),
    path(_dissections, dissections.Dissections.as_view(), name="dissections"),
    path(f"{_dissections}<slug:code>/", dissections.OneDissection.as_view(), name="dissection"),
    path(
        f"{_dissections}<slug:code>/result/",
        dissections.DissectionResult.as_view(),
        name="dissection_result",
    ),
]
