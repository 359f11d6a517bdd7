"""The vendored browser libraries are the ones that versions.json names."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "static" / "vendor"
PACKAGES = json.loads((VENDOR / "versions.json").read_text())
FILES = [entry for package in PACKAGES for entry in package["files"]]


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("vendor_script", ROOT / "scripts" / "vendor.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: entry["file"])
def test_a_vendored_file_matches_its_hash(entry: dict[str, str]) -> None:
    content = (VENDOR / entry["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]


def test_every_vendored_file_is_listed() -> None:
    on_disk = {path.name for path in VENDOR.iterdir()} - {"versions.json"}
    assert on_disk == {entry["file"] for entry in FILES}


def test_every_package_names_an_exact_version_an_integrity_and_a_licence() -> None:
    for package in PACKAGES:
        assert package["version"].replace(".", "").isdigit()
        assert package["integrity"].startswith("sha512-")
        assert package["licence"]


def test_no_vendored_file_points_to_a_source_map_that_is_not_served() -> None:
    for path in VENDOR.iterdir():
        assert b"sourceMappingURL" not in path.read_bytes(), path.name


def test_a_download_that_differs_from_its_hash_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = load_script()
    package = {
        "package": "thing",
        "version": "1.0.0",
        "integrity": "sha512-x",
        "files": [{"file": "thing.js", "source": "thing.js", "sha256": "0" * 64}],
    }
    monkeypatch.setattr(script, "VENDOR", tmp_path)
    monkeypatch.setattr(script, "read_packages", lambda: [package])
    monkeypatch.setattr(script, "download", lambda package, folder: (folder / "thing.tgz", "sha512-x"))
    monkeypatch.setattr(script, "read_member", lambda archive, name: b"tampered")
    with pytest.raises(script.VendorError, match=r"thing\.js"):
        script.vendor(update=False)
    assert list(tmp_path.iterdir()) == []
