"""What all templates keep: nothing inline, error pages that need no request, files that can be hashed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.template.loader import get_template
from django.test import RequestFactory

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NAMES = [str(path.relative_to(ROOT / "templates")) for path in TEMPLATES]
TAG = re.compile(r"<[a-z][^<>]*(?:\{%[^%]*%\}[^<>]*)*>", re.DOTALL)
# Scripts of type application/json are data: a browser does not run them.
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)")
INLINE_STYLE = re.compile(r"<style\b|\sstyle=")
HANDLER = re.compile(r"\son[a-z]+=|\shx-on\b|javascript:")
OTHER_HOST = re.compile(r"""(?:src|href)=["'](?:https?:)?//""")


def blocked(text: str) -> list[str]:
    """What of a template the content policy would block."""
    tags = " ".join(TAG.findall(text))
    found = [INLINE_SCRIPT.search(text), *(rule.search(tags) for rule in (INLINE_STYLE, HANDLER, OTHER_HOST))]
    return [match.group() for match in found if match]


def test_no_template_has_anything_that_the_content_policy_blocks() -> None:
    assert {str(path): blocked(path.read_text()) for path in TEMPLATES if blocked(path.read_text())} == {}
    for text in ("<script>1</script>", '<p style="x">', '<a onclick="x">', '<img src="//other.example/">'):
        assert blocked(text), text


def test_every_template_compiles() -> None:
    for name in NAMES:
        assert get_template(name), name


@pytest.mark.parametrize("name", ["400.html", "403_csrf.html", "500.html"])
def test_an_error_page_needs_no_request(name: str) -> None:
    html = get_template(name).render()
    assert html.count("<h1>") == 1
    assert 'class="safe"' in html


@pytest.mark.parametrize("name", ["403.html", "404.html"])
def test_an_error_page_says_what_is_safe_and_where_to_go(name: str) -> None:
    html = get_template(name).render({}, RequestFactory().get("/nowhere/"))
    assert 'class="safe"' in html
    assert 'href="/"' in html


def test_the_front_page_answers_without_sign_in(client, db) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert response.content.count(b"<h1>") == 1


def test_every_file_that_a_stylesheet_or_script_names_is_there(settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    assert list(tmp_path.glob("css/prism.*.css"))
