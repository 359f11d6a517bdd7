"""The API of the public leaderboard."""
