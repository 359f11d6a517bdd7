"""Which language a text is written in, found on this machine."""

from functools import cache

from py3langid.langid import MODEL_FILE, RAW_FLOOR, LanguageIdentifier

_ISO_639_1_LENGTH = 2


def identify(text: str) -> str | None:
    """The most likely ISO 639-1 code of ``text``, or None where nothing in it tells.

    The same text always gives the same code. None stands for texts without letters and for texts so short
    that the model knows no part of them ("ok").
    """
    if not any(character.isalpha() for character in text):
        return None
    code, score = _identifier().classify(text)
    return str(code) if score > RAW_FLOOR else None


@cache
def _identifier() -> LanguageIdentifier:
    # Loading takes about a second, so it waits for the first text. Our own instance, because the package's
    # shared one can be narrowed by anybody who imports it.
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages([code for code in identifier.nb_classes if len(code) == _ISO_639_1_LENGTH])
    return identifier
