"""The blind arena: two models answer side by side, people vote, and learn afterwards who it was.

It stands on the engine of all conversations. A visitor is a participant of a study that is always open, so
that consent, their own page, withdrawal and exports are those of every study.
"""
