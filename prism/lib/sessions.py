"""Django's sessions in the database, asked only for keys that Django could have made.

A cookie may hold what PostgreSQL takes for no text, and a page must not fail for it.
"""

import re

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """What `SESSION_ENGINE` names."""

    def _validate_session_key(self, key: str | None) -> bool:
        return re.fullmatch("[a-z0-9]{32}", key or "") is not None
