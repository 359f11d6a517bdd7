"""Folders and ZIPs of studies come from strangers: nothing but plain small text files gets in."""

import io
import os
import stat
import zipfile

import pytest

from surveys.study_folder import MOST_BYTES, MOST_FILES, FolderError, from_zip, read_folder, to_zip

STUDY = {"study.yaml": "format: prism-study/1\n"}


def packed(*entries: tuple[str, bytes | str], mode: int = 0, kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for name, content in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, content, kind)
    return buffer.getvalue()


def refusal(content: bytes) -> str:
    with pytest.raises(FolderError) as caught:
        from_zip(content)
    return str(caught.value)


def test_what_we_pack_comes_back_with_or_without_a_folder_around_it():
    files = STUDY | {"consent.yaml": "ä é 中\n"}
    assert from_zip(to_zip(files, "study")) == files
    assert from_zip(packed(*files.items())) == files
    littered = packed(("s/study.yaml", "x"), ("__MACOSX/s/._study.yaml", b"\xff"), ("s/.DS_Store", b"\xff"))
    assert from_zip(littered) == {"study.yaml": "x"}


@pytest.mark.parametrize(
    "name",
    [
        *("../study.yaml", "/study.yaml", "a/../../study.yaml", "a/b/study.yaml", "..\\study.yaml"),
        *("C:\\study.yaml", "run.sh", "study.yaml.exe", "STUDY.YAML"),
    ],
)
def test_a_path_that_leads_elsewhere_or_a_file_that_is_no_part_is_refused(name):
    assert refusal(packed(("study.yaml", "x"), ("questionnaire.yaml", "x"), (name, "x")))


def test_links_and_devices_are_refused():
    for kind in (stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO):
        assert "plain file" in refusal(packed(("study.yaml", "/etc/passwd"), mode=kind | 0o777))


def test_a_bomb_is_refused_before_it_is_unpacked():
    assert "too large" in refusal(packed(("study.yaml", b"\0" * (MOST_BYTES + 1))))
    assert "too many" in refusal(packed(*((f"{number}.yaml", "x") for number in range(MOST_FILES + 1))))


def test_a_bomb_that_lies_about_its_size_is_refused_too():
    content = packed(("study.yaml", b"\0" * (20 * MOST_BYTES)))
    size = (20 * MOST_BYTES).to_bytes(4, "little")
    assert content.count(size) == 2
    assert refusal(content.replace(size, (100).to_bytes(4, "little")))


def test_what_is_no_zip_damaged_or_too_large_is_refused():
    whole = to_zip(STUDY | {"consent.yaml": "text " * 100}, "study")
    damaged = whole[:40] + bytes(byte ^ 255 for byte in whole[40:60]) + whole[60:]
    for content in (b"", b"PK", b"not a zip", whole[:-30], damaged, os.urandom(2_000_001)):
        assert refusal(content)


def test_the_same_file_twice_and_a_missing_study_file_are_refused():
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = packed(("study.yaml", "a"), ("study.yaml", "b"))
    assert "twice" in refusal(twice)
    assert "study.yaml: is missing" in refusal(packed(("consent.yaml", "x")))
    assert "UTF-8" in refusal(packed(("study.yaml", b"\xff\xfe")))


def test_a_folder_with_a_link_or_a_stray_file_is_refused(tmp_path):
    (tmp_path / "study.yaml").write_text("x")
    assert read_folder(tmp_path) == {"study.yaml": "x"}
    (tmp_path / "consent.yaml").symlink_to("/etc/passwd")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "quotas.yaml").mkdir()
    with pytest.raises(FolderError) as caught:
        read_folder(tmp_path)
    assert [problem.file for problem in caught.value.problems] == ["consent.yaml", "notes.txt", "quotas.yaml"]
    with pytest.raises(FolderError):
        read_folder(tmp_path / "nowhere")
