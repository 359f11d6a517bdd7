"""Fetch the browser libraries that Prism serves itself, as static/vendor/versions.json lists them.

``python scripts/vendor.py`` downloads each package from npm, checks the package against its recorded
integrity and every file against its recorded SHA-256, and only then writes the files. ``--update`` records
what was downloaded instead: change a version in versions.json by hand, run it, and read the diff.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"
VERSIONS = VENDOR / "versions.json"
# A comment that names a source map we do not serve makes hashed static file storage refuse the file.
SOURCE_MAP = re.compile(rb"(/\*|//)# sourceMappingURL=[^\n]*\n?")

Package = dict[str, Any]


class VendorError(Exception):
    """A download that is not what versions.json promises."""


def read_packages() -> list[Package]:
    packages: list[Package] = json.loads(VERSIONS.read_text())
    return packages


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def download(package: Package, folder: Path) -> tuple[Path, str]:
    """Ask npm for the package; return the archive's path and the integrity that npm computed for it."""
    command = ["npm", "pack", "--json", "--silent", f"{package['package']}@{package['version']}"]
    answer = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    packed = json.loads(answer.stdout)[0]
    return folder / packed["filename"], packed["integrity"]


def read_member(archive: Path, name: str) -> bytes:
    with tarfile.open(archive) as tar:
        member = tar.extractfile(f"package/{name}")
        if member is None:
            raise VendorError(f"{archive.name} has no file {name}")
        return SOURCE_MAP.sub(b"", member.read())


def expect(what: str, recorded: str, found: str) -> None:
    if recorded != found:
        raise VendorError(
            f"{what}: versions.json has {recorded}, the download has {found}; nothing was written"
        )


def fetch(package: Package, folder: Path, update: bool) -> dict[Path, bytes]:
    """Download one package and return its files by destination; with ``update``, record what was found."""
    archive, integrity = download(package, folder)
    if update:
        package["integrity"] = integrity
    expect(package["package"], package["integrity"], integrity)
    contents: dict[Path, bytes] = {}
    for entry in package["files"]:
        content = read_member(archive, entry["source"])
        if update:
            entry["sha256"] = sha256(content)
        expect(entry["file"], entry["sha256"], sha256(content))
        contents[VENDOR / entry["file"]] = content
    return contents


def vendor(update: bool) -> list[Path]:
    """Write every vendored file, or raise VendorError before any is written."""
    packages = read_packages()
    contents: dict[Path, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        for package in packages:
            contents |= fetch(package, Path(folder), update)
    for path, content in contents.items():
        path.write_bytes(content)
    if update:
        VERSIONS.write_text(json.dumps(packages, indent=2) + "\n")
    return list(contents)


def main() -> int:
    parser = argparse.ArgumentParser(description="Fetch the vendored browser libraries from npm.")
    parser.add_argument(
        "--update", action="store_true", help="record the hashes found instead of checking them"
    )
    try:
        written = vendor(parser.parse_args().update)
    except (VendorError, subprocess.CalledProcessError, KeyError, OSError) as error:
        print(f"vendor: {error}", file=sys.stderr)
        return 1
    print(f"{len(written)} files in static/vendor are as versions.json says.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
