"""Bots that take part in a study by its public pages, as a browser would, and journal all they send."""
