import re

import pytest
from selectolax.lexbor import LexborHTMLParser

from prism.lib.markdown import render

ALLOWED_TAGS = {
    *("p", "br", "hr", "blockquote", "pre", "code", "strong", "em", "s", "a", "ul", "ol", "li"),
    *("h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
ALLOWED_ATTRIBUTES = {"href", "title", "target", "rel", "start"}

HOSTILE = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "text <img src=x onerror=alert(1)> text",
    '<svg onload="alert(1)"><script>alert(1)</script></svg>',
    "<style>body{display:none}</style>",
    '<p style="position:fixed;inset:0">x</p>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<b>never closed <i>nor this <a href='javascript:alert(1)'>",
    "<!-- a comment --><![CDATA[<script>alert(1)</script>]]>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt&colon;alert(1))",
    "[a](java\tscript:alert(1))",
    "[a](<java\nscript:alert(1)>)",
    "[a](&#106;avascript:alert(1))",
    "[a](\x01javascript:alert(1))",
    "[a](vbscript:msgbox(1))",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "[a](file:///etc/passwd)",
    "[a](/coordinate/delete)",
    "[a](//evil.example)",
    "[ref]\n\n[ref]: javascript:alert(1)",
    "<javascript:alert(1)>",
    '[a](https://e.example "\' onmouseover=alert(1) x=\\"")',
    '[a](https://e.example/"onmouseover="alert(1))',
    "![x](https://evil.example/pixel.gif)",
    "![x](data:image/svg+xml,<svg onload=alert(1)>)",
    '![<img src=x onerror="alert(1)">](https://evil.example/x)',
    "[![x](https://evil.example/a.png)](javascript:alert(1))",
    '```"><script>alert(1)</script>\nx\n```',
    "``` html onload=alert(1)\n</code></pre><script>alert(1)</script>\n```",
    "`</code><script>alert(1)</script>`",
    "# <script>alert(1)</script>\n\n> * 1. # <svg/onload=alert(1)>",
    "|<script>|\n|:-:|\n|<img src=x onerror=alert(1)>|",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x onerror=alert(1)&#62;",
    "\\<script>alert(1)\\</script>",
    "<math><mtext></p><style><img src=x onerror=alert(1)>",
    "\x00<scr\x00ipt>alert(1)</scr\x00ipt>",
    ">" * 500 + " deep",
    "[" * 2000 + "x" + "](javascript:alert(1))" * 2000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_yields_only_allowed_tags_attributes_and_links(text: str) -> None:
    body = LexborHTMLParser(str(render(text))).body
    assert body is not None
    for node in body.css("body *"):
        assert node.tag in ALLOWED_TAGS
        assert set(node.attributes) <= ALLOWED_ATTRIBUTES
        assert re.match(r"(https?|mailto):", node.attributes.get("href") or "https:")


def test_raw_html_is_shown_as_the_text_it_is() -> None:
    assert render("<script>alert(1)</script>") == "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"


def test_an_image_becomes_its_alternative_text() -> None:
    html = render('Look: ![a <b>*red*</b> fox](https://tracker.example/p.gif "title")')
    assert "tracker.example" not in html
    assert "Look: a &lt;b&gt;red&lt;/b&gt; fox" in html


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("# x", "h3"),
        ("###### x", "h3"),
        ("x\n===", "h3"),
        ("x\n---", "h3"),
        ("> # x", "h3"),
        ("# a\n\n### x", "h4"),
        ("# a\n\n## b\n\n### c\n\n#### x", "h6"),
        ("# a\n\n## b\n\n### c\n\n#### d\n\n##### x", "h6"),
    ],
)
def test_headings_stay_below_those_of_the_page(text: str, tag: str) -> None:
    assert f"<{tag}>x</{tag}>" in render(text)


def test_a_document_of_our_own_may_begin_its_headings_higher() -> None:
    assert render("## a\n\n### b", highest=2) == "<h2>a</h2>\n<h3>b</h3>\n"


def test_links_open_apart_and_pass_nothing_on() -> None:
    link = LexborHTMLParser(render('[a](https://e.example "why")')).css_first("a")
    assert link.attributes == {
        "href": "https://e.example",
        "title": "why",
        "target": "_blank",
        "rel": "nofollow noopener noreferrer",
    }


def test_a_bare_address_is_no_link() -> None:
    assert "<a" not in render("see https://e.example and www.e.example")


def test_the_usual_formats_are_rendered() -> None:
    html = render(
        "**b** *e* ~~s~~ `c`\n\n- one\n- two\n\n3. three\n\n|a|b|\n|-|-|\n|1|2|\n\n```py\nx < 1\n```"
    )
    for piece in ("<strong>b", "<em>e", "<s>s", "<code>c", "<li>one", '<ol start="3">', "<th>a", "<td>2"):
        assert piece in html
    assert "<pre><code>x &lt; 1\n</code></pre>" in html


def test_the_result_needs_no_further_escaping_in_a_template() -> None:
    assert render("a & b").__html__() == "<p>a &amp; b</p>\n"


def test_a_text_of_thousands_of_signs_is_shown_as_it_was_written():
    hostile = "**x** " + "![" * 4000 + "<script>"
    html = render(hostile)
    assert html.startswith("<p>**x** ![![")
    assert "&lt;script&gt;" in html


def test_a_long_text_with_ordinary_signs_keeps_its_form():
    html = render("Some **bold** words in a sentence.\n\n" * 700)
    assert html.count("<strong>bold</strong>") == 700
