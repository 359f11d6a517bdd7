"""What signals need to know of a questionnaire: its checks, blocks and texts, and the words of its pages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from surveys.models import Questionnaire
from surveys.quality.texts import shingles, words_of
from surveys.questionnaires import Page
from surveys.questionnaires.definitions import TEXTS, Question

BLOCKS = frozenset({"sliders", "matrix"})


@dataclass(frozen=True)
class Asked:
    """A question with the page it stands on."""

    page: str
    question: Question


@dataclass(frozen=True)
class PageText:
    """A page's text: the words of one language that there are to read, all words and their sequences."""

    length: int
    words: frozenset[str]
    shingles: frozenset[int]

    @classmethod
    def of(cls, pages: Sequence[Page]) -> "PageText":
        """Of one page in its languages, the document's own first."""
        texts = [words_of(text) for page in pages for text in texts_of(page)]
        return cls(
            length=sum(len(words_of(text)) for page in pages[:1] for text in texts_of(page)),
            words=frozenset(word for words in texts for word in words),
            shingles=frozenset(part for words in texts for part in shingles(words)),
        )


class Documents:
    """The versions of the questionnaire that a study's participants saw, by primary key."""

    def __init__(self, versions: Iterable[Questionnaire]) -> None:
        parsed = {version.pk: version.parsed() for version in versions}
        self.pages: dict[int, dict[str, Page]] = {
            pk: {page.key: page for page in document.pages} for pk, document in parsed.items()
        }
        self.asked: dict[int, dict[str, Asked]] = {
            pk: {
                question.key: Asked(page.key, question)
                for page in document.pages
                for question in page.questions
            }
            for pk, document in parsed.items()
        }
        self._documents = parsed
        self._texts: dict[tuple[int, str], PageText] = {}

    def question(self, version: int, key: str) -> Asked | None:
        return self.asked.get(version, {}).get(key)

    def keys(self) -> list[str]:
        """The questions whose answers a rule looks at."""
        everything = (asked.question for version in self.asked.values() for asked in version.values())
        return sorted({question.key for question in everything if is_looked_at(question)})

    def text(self, version: int, page: str) -> PageText:
        """What stands on the page, in all its languages; nothing for an unknown one."""
        if (version, page) not in self._texts:
            self._texts[version, page] = PageText.of(self._translations(version, page))
        return self._texts[version, page]

    def _translations(self, version: int, page: str) -> list[Page]:
        document = self._documents.get(version)
        languages = (document, *document.translations) if document else ()
        return [found for language in languages for found in language.pages if found.key == page]


def is_looked_at(question: Question) -> bool:
    return bool(question.checks) or question.type in BLOCKS or question.type in TEXTS


def texts_of(page: Page) -> list[str]:
    """Everything a participant reads on the page."""
    texts = [page.title, page.intro]
    for question in page.questions:
        texts += [question.text, question.help]
        texts += [option.label for option in question.options]
        texts += [item.label for item in question.items]
    return [text for text in texts if text]


def failed_checks(question: Question, value: Any) -> list[str]:
    """The keys of the checks of a question that an answer fails: the question's, or `question.item`."""
    failed = []
    for item, check in question.checks:
        given = value.get(item) if item and isinstance(value, Mapping) else value
        if not check.passes(given):
            failed.append(f"{question.key}.{item}" if item else question.key)
    return failed
