"""A model's Markdown as HTML that is safe to show: model output is hostile input."""

from collections.abc import Sequence
from html import escape
from typing import Any

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_TAGS = {
    *("p", "br", "hr", "blockquote", "pre", "code", "strong", "em", "s", "a", "ul", "ol", "li"),
    *("h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
# The page owns h1 and h2; whatever a model writes stays below them in the outline.
_DEMOTED = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "h6": "h6"}


def render(text: str) -> SafeString:
    """HTML for ``text`` (CommonMark with tables and strikethrough).

    Raw HTML is shown as the text it is, an image as its alternative text (fetching it would tell its host
    who reads), headings start at ``h3``, and links open apart without passing anything on.
    """
    return mark_safe(  # noqa: S308 (cleaned in the same breath)
        nh3.clean(
            _parser.render(text),
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            url_schemes={"http", "https", "mailto"},
            url_relative="deny",
            link_rel="nofollow noopener noreferrer",
            set_tag_attribute_values={"a": {"target": "_blank"}},
        )
    )


def _demote_headings(state: StateCore) -> None:
    for token in state.tokens:
        token.tag = _DEMOTED.get(token.tag, token.tag)


def _image_as_text(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    return escape(renderer.renderInlineAsText(tokens[index].children or [], options, env))


def _build_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])
    parser.core.ruler.push("demote_headings", _demote_headings)
    parser.add_render_rule("image", _image_as_text)
    return parser


_parser = _build_parser()
