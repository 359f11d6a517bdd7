"""A model's Markdown as HTML that is safe to show: model output is hostile input."""

from collections.abc import Sequence
from functools import lru_cache
from html import escape
from typing import Any

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_TAGS = {
    *("p", "br", "hr", "blockquote", "pre", "code", "strong", "em", "s", "a", "ul", "ol", "li"),
    *(*_HEADINGS[1:], "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
# Time grows with the square of their number: a text of nothing else would block a page for seconds.
_COSTLY_SIGNS = "[]*_~`<|"
_MOST_COSTLY_SIGNS = 3000


@lru_cache(maxsize=128)
def render(text: str, highest: int = 3) -> SafeString:
    """HTML for ``text`` (CommonMark with tables and strikethrough).

    Raw HTML is shown as the text it is, an image as its alternative text (fetching it would tell its host
    who reads), headings start at level ``highest`` and skip none, and links open apart without passing
    anything on. A text with thousands of signs is shown as it was written.
    """
    parser = _plain_parser if _is_costly(text) else _parser
    return mark_safe(  # noqa: S308 (cleaned in the same breath)
        nh3.clean(
            parser.render(text, {"highest": highest}),
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            url_schemes={"http", "https", "mailto"},
            url_relative="deny",
            link_rel="nofollow noopener noreferrer",
            set_tag_attribute_values={"a": {"target": "_blank"}},
        )
    )


def _is_costly(text: str) -> bool:
    return sum(map(text.count, _COSTLY_SIGNS)) > _MOST_COSTLY_SIGNS


def _demote_headings(state: StateCore) -> None:
    """The page owns the levels above `highest`; a level that was left out would break the page's outline."""
    written = sorted({token.tag for token in state.tokens if token.tag in _HEADINGS})
    levels = [min(state.env["highest"] + place, 6) for place in range(len(written))]
    demoted = {tag: f"h{level}" for tag, level in zip(written, levels, strict=True)}
    for token in state.tokens:
        token.tag = demoted.get(token.tag, token.tag)


def _image_as_text(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return escape(renderer.renderInlineAsText(tokens[index].children or [], options, env))


def _build_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])
    parser.core.ruler.push("demote_headings", _demote_headings)
    parser.add_render_rule("image", _image_as_text)
    return parser


_parser = _build_parser()
_plain_parser = MarkdownIt("zero")
