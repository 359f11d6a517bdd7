"""Addresses of the public leaderboard."""

from django.urls import path

from analysis.views import leaderboard

app_name = "leaderboard"
urlpatterns = [
    path("", leaderboard.home, name="home"),
    path("against/", leaderboard.against, name="against"),
    path("history/", leaderboard.past, name="history"),
    path("history.csv", leaderboard.past_csv, name="history_csv"),
    path("method/", leaderboard.method, name="method"),
    path("matrix/", leaderboard.matrix, name="matrix"),
    path("table.json", leaderboard.as_json, name="json"),
    path("table.csv", leaderboard.as_csv, name="csv"),
    path("votes.csv", leaderboard.votes, name="votes"),
]
