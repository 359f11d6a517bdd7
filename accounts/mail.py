"""The mail that a development server did not send but wrote to files."""

import email
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from pathlib import Path

SEPARATOR = b"-" * 79  # how Django's file backend ends each message
NEWEST = 50


@dataclass(frozen=True)
class SentMail:
    """A message as text; HTML parts are never shown."""

    to: str
    subject: str
    date: str
    text: str


def sent_mail(directory: Path) -> list[SentMail]:
    """The newest messages first, at most 50."""
    files = sorted(directory.glob("*.log"), key=lambda file: file.stat().st_mtime, reverse=True)
    return [mail for file in files[:NEWEST] for mail in reversed(list(_messages(file)))][:NEWEST]


def _messages(file: Path) -> Iterator[SentMail]:
    for part in file.read_bytes().split(b"\n" + SEPARATOR):
        if part.strip():
            yield _read(email.message_from_bytes(part.lstrip(), policy=policy.default))


def _read(message: EmailMessage) -> SentMail:
    body = message.get_body(preferencelist=("plain",))
    return SentMail(
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        date=str(message["Date"] or ""),
        text=body.get_content() if body else "",
    )
