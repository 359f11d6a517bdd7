"""Files of tasks, kept from the first look at them until they are read, or for a day."""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import UploadedFile

from accounts.models import User
from annotations.batches.tables import KINDS
from prism.lib.codes import random_code
from surveys.models import Study

MOST_BYTES = 50_000_000
KEPT_FOR = 24 * 3600
SALT = "annotations.batches.uploads"


@dataclass(frozen=True)
class Upload:
    """`name` is that of the person's file; ours is `code` with the ending of its kind."""

    code: str
    name: str
    sha256: str

    @property
    def path(self) -> Path:
        return folder() / f"{self.code}{Path(self.name).suffix.lower()}"

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "name": self.name, "sha256": self.sha256}


def folder() -> Path:
    return Path(settings.EXPORT_DIR) / "batches"


def is_readable(name: str) -> bool:
    return Path(name).suffix.lower() in KINDS


def keep(file: UploadedFile) -> Upload:
    """Raises OSError."""
    digest = hashlib.sha256()
    suffix = Path(file.name or "").suffix
    upload = Upload(random_code(), f"{Path(file.name or '').stem[:100]}{suffix}", "")
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    with upload.path.open("wb") as target:
        for chunk in file.chunks():
            digest.update(chunk)
            target.write(chunk)
    return Upload(upload.code, upload.name, digest.hexdigest())


def sign(upload: Upload, study: Study, by: User) -> str:
    """By which the person's next request names the file; nobody else's and no other study's does."""
    return signing.dumps(upload.as_json(), salt=_salt(study, by))


def unsign(token: str, study: Study, by: User) -> Upload | None:
    """The file that is still there; None where it is not, or was not this person's."""
    try:
        upload = Upload(**signing.loads(token, salt=_salt(study, by), max_age=KEPT_FOR))
    except (signing.BadSignature, TypeError):
        return None
    return upload if upload.path.exists() else None


def _salt(study: Study, by: User) -> str:
    return f"{SALT} {study.pk} {by.pk}"


def drop(code: str) -> None:
    if re.fullmatch(r"\w+", code):
        for path in folder().glob(f"{code}.*"):
            path.unlink(missing_ok=True)


def drop_old(in_use: set[str]) -> None:
    """Those that were looked at and never used."""
    late = time.time() - KEPT_FOR
    for path in folder().glob("*.*"):
        if path.stem not in in_use and path.stat().st_mtime < late:
            path.unlink(missing_ok=True)
