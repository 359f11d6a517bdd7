"""The API's addresses of the leaderboard, under /api/v1/."""

from django.urls import path

from analysis.api import leaderboard

urlpatterns = [
    path("leaderboard/", leaderboard.Scores.as_view(), name="leaderboard"),
    path("leaderboard/matrix/", leaderboard.Matrix.as_view(), name="leaderboard_matrix"),
    path("leaderboard/history/", leaderboard.History.as_view(), name="leaderboard_history"),
    path("leaderboard/method/", leaderboard.Method.as_view(), name="leaderboard_method"),
]
