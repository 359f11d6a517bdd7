"""study.yaml holds whatever people type, and hostile text in it stays text."""

from hypothesis import given
from hypothesis import strategies as st

from surveys.models import Study
from surveys.study_checks import fields_of, read_study_file
from surveys.study_files import dump, ordered, study_file
from surveys.study_folder import STUDY, Files, FolderError

# What the database can hold: no NUL, no half of a surrogate pair.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=120)
titles = texts.filter(lambda text: any(ord(character) > 31 for character in text))
tricky = st.sampled_from(
    [
        "yes",
        "null",
        "~",
        "1e3",
        "2026-01-01",
        "- x",
        "a: b",
        "#no",
        "&a",
        "*a",
        "!!int 3",
        "{}",
        "|",
        " ",
        "\ufeff",
    ]
)


def kept(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(character for character in lines if ord(character) > 31 or character in "\n\t")


@given(title=titles | tricky.filter(lambda text: text.strip()), summary=texts | tricky, name=texts | tricky)
def test_texts_come_back_as_they_were_typed(title, summary, name):
    study = Study(slug="a-study", title=title, summary=summary, contact_name=name, panel={}, retention={})
    fields = fields_of(read_study_file(study_file(study, [])))
    assert fields["title"] == kept(title)
    assert fields.get("summary", "") == kept(summary)
    assert fields.get("contact_name", "") == kept(name)


@given(st.dictionaries(st.sampled_from(["identity_days", "texts_days"]), st.integers(0, 9999)))
def test_the_order_in_which_keys_were_stored_changes_nothing(periods):
    turned = dict(reversed(periods.items()))
    assert dump(ordered(periods)) == dump(ordered(turned))


@given(st.binary(max_size=300) | texts.map(str.encode))
def test_any_bytes_are_read_or_refused_with_a_line(content):
    files: Files = {STUDY: content.decode("utf-8", "replace")}
    assert all(line > 0 for line in lines_of_problems(files[STUDY]))


def lines_of_problems(text: str) -> list[int]:
    try:
        read_study_file(text)
    except FolderError as error:
        return [problem.line for problem in error.problems]
    return []
