"""A study's definition as a few text files: read from a folder or a ZIP with nothing trusted, and written."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.utils.translation import gettext as _

Files = dict[str, str]  # the text of each file by its name

STUDY = "study.yaml"
NAMES = (
    *(STUDY, "questionnaire.yaml", "consent.yaml", "quotas.yaml", "quality.yaml"),
    *("protocol.yaml", "models.yaml", "privacy.yaml", "annotation.yaml"),
)
MOST_FILES = 40
MOST_BYTES = 1_000_000  # of a file
MOST_UPLOADED = 2_000_000  # of a ZIP
# What systems add on their own when they make a ZIP or open a folder.
LITTER = ("__MACOSX", ".DS_Store", "Thumbs.db")
SAME_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, order=True)
class FileProblem:
    """One fault; `line` counts from 1, and is 0 where the fault is the whole file's."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.file}: line {self.line}" if self.line else self.file
        return f"{place}: {self.message}" if place else self.message


class FolderError(ValueError):
    """The files define no study. `problems` holds every fault found, by file and line."""

    def __init__(self, problems: Iterable[FileProblem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(map(str, self.problems)))


def read_folder(folder: Path) -> Files:
    """The files of a folder. Raises FolderError for anything else in it, and for links."""
    if not folder.is_dir():
        raise FolderError([FileProblem("", 0, _("%(name)s is not a folder.") % {"name": folder})])
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    found = [(path.name, _folder_fault(path)) for path in entries]
    _refuse(found)
    return _decoded({path.name: path.read_bytes() for path in entries})


def _folder_fault(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        return _("is not a plain file.")
    if path.stat().st_size > MOST_BYTES:
        return _too_large()
    return _name_fault(path.name)


def write_folder(files: Files, folder: Path) -> None:
    """Write the files into a new or empty folder, or over an earlier export. Raises FolderError else."""
    folder.mkdir(parents=True, exist_ok=True)
    others = sorted(path.name for path in folder.iterdir() if path.name not in NAMES)
    _refuse([(name, _("is no part of a study; choose an empty folder.")) for name in others])
    for name in NAMES:
        (folder / name).unlink(missing_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())


def to_zip(files: Files, top: str) -> bytes:
    """A ZIP with the files in the folder `top`; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(f"{top}/{name}", SAME_TIME), files[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def from_zip(content: bytes) -> Files:
    """The files of a ZIP of a study folder. Nothing is unpacked onto the disk.

    Raises FolderError for a file that is no ZIP, too large, encrypted, or holds links, paths that lead
    elsewhere, or files that are no part of a study.
    """
    if len(content) > MOST_UPLOADED:
        raise FolderError([FileProblem("", 0, _too_large())])
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _unzipped(archive)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError) as error:
        if isinstance(error, FolderError):
            raise
        raise FolderError([FileProblem("", 0, _("This is no ZIP file, or it is damaged."))]) from error


def _unzipped(archive: zipfile.ZipFile) -> Files:
    entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _is_litter(entry.filename)]
    if len(entries) > MOST_FILES:
        raise FolderError([FileProblem("", 0, _("The ZIP holds too many files for one study."))])
    top = _top(entries)
    names = [entry.filename.removeprefix(top) for entry in entries]
    doubled = {name for name in names if names.count(name) > 1}
    faults = [_("stands in the ZIP twice.") if name in doubled else "" for name in names]
    _refuse(
        (name, fault or _zip_fault(entry, name))
        for name, entry, fault in zip(names, entries, faults, strict=True)
    )
    return _decoded({name: _read(archive, entry) for name, entry in zip(names, entries, strict=True)})


def _is_litter(name: str) -> bool:
    return any(part in LITTER for part in name.split("/"))


def _top(entries: list[zipfile.ZipInfo]) -> str:
    """The one folder around all files, as most programs put it into a ZIP, with its slash; else ""."""
    tops = {entry.filename.partition("/")[0] for entry in entries if "/" in entry.filename}
    is_around_all = len(tops) == 1 and all("/" in entry.filename for entry in entries)
    top = tops.pop() if is_around_all else ""
    return f"{top}/" if top not in {"", ".", ".."} else ""


def _zip_fault(entry: zipfile.ZipInfo, name: str) -> str:
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
        return _("is not a plain file.")
    if entry.flag_bits & 0x1:
        return _("is encrypted.")
    if entry.file_size > MOST_BYTES:
        return _too_large()
    return _name_fault(name)


def _name_fault(name: str) -> str:
    if name in NAMES:
        return ""
    return _("is no part of a study. Known are: %(names)s.") % {"names": ", ".join(NAMES)}


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The content; what it says of its own size is not believed."""
    with archive.open(entry) as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise FolderError([FileProblem(PurePosixPath(entry.filename).name, 0, _too_large())])
    return content


def _decoded(contents: dict[str, bytes]) -> Files:
    faults = [(name, _not_text(content)) for name, content in contents.items()]
    if STUDY not in contents:
        faults.append((STUDY, _("is missing; every study folder has it.")))
    _refuse(faults)
    return {name: content.decode("utf-8") for name, content in contents.items()}


def _not_text(content: bytes) -> str:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return _("is not text in UTF-8.")
    return ""


def _refuse(faults: Iterable[tuple[str, str]]) -> None:
    problems = list(_problems(faults))
    if problems:
        raise FolderError(problems)


def _problems(faults: Iterable[tuple[str, str]]) -> Iterator[FileProblem]:
    for name, message in faults:
        if message:
            yield FileProblem(name[:120], 0, message)


def _too_large() -> str:
    return _("is too large: a file may have 1 MB, a whole ZIP 2 MB.")
