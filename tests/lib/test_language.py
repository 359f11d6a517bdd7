import subprocess
import sys

import pytest

from prism.lib.language import identify


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("What do you think about raising taxes on the very rich?", "en"),
        ("Que penses-tu de l'augmentation des impôts pour les plus riches ?", "fr"),
        ("Was hältst du von höheren Steuern für die Reichen?", "de"),
        ("¿Qué opinas de subir los impuestos a los más ricos?", "es"),
        ("Что ты думаешь о повышении налогов для богатых?", "ru"),
        ("你怎么看待对富人增税？", "zh"),
    ],
)
def test_a_sentence_is_identified(text: str, code: str) -> None:
    assert identify(text) == code


@pytest.mark.parametrize("text", ["", "   \n", "42", "?!…", "🙂🙂", "12:30 – 14:00"])
def test_a_text_without_letters_has_no_language(text: str) -> None:
    assert identify(text) is None


def test_a_text_too_short_to_tell_has_no_language() -> None:
    assert identify("ok") is None


def test_the_same_text_gives_the_same_code_again() -> None:
    assert {identify("Bonjour, comment allez-vous aujourd'hui ?") for _ in range(5)} == {"fr"}


def test_a_lone_surrogate_and_a_null_do_not_break_it() -> None:
    assert identify("What a wonderful morning it is today\x00\ud800") == "en"


def test_importing_the_module_does_not_load_the_model() -> None:
    check = "import prism.lib.language as l; print(l._identifier.cache_info().currsize)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
