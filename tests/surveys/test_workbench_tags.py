"""What the pages of the workbench are made of."""

from datetime import UTC, datetime
from typing import Any

from django.template import Context, Template


def rendered(source: str, **context: Any) -> str:
    return Template("{% load workbench %}" + source).render(Context(context))


def test_a_table_is_named_for_whoever_does_not_see_it():
    found = rendered("{% table label %}<tbody></tbody>{% endtable %}", label="Links <b>")
    assert 'role="region" aria-label="Links &lt;b&gt;"' in found
    assert '<caption class="visually-hidden">Links &lt;b&gt;</caption><tbody></tbody></table>' in found


def test_a_caption_that_says_more_than_the_label_is_seen():
    found = rendered('{% table "Links" caption="Links, newest first" %}{% endtable %}')
    assert 'aria-label="Links"' in found
    assert '<caption class="">Links, newest first</caption>' in found


def test_a_label_may_be_seen_as_the_caption():
    assert '<caption class="">Links</caption>' in rendered('{% table "Links" is_seen=True %}{% endtable %}')


def test_a_button_that_acts_carries_its_token_and_says_what_it_is_about():
    found = rendered(
        '{% act "Withdraw" "coordinate:revoke_token" 7 about=name %}', name="<my token>", csrf_token="abc"
    )
    assert 'method="post" action="/coordinate/account/tokens/7/revoke/"' in found
    assert 'name="csrfmiddlewaretoken" value="abc"' in found
    assert 'Withdraw<span class="visually-hidden"> &lt;my token&gt;</span>' in found


def test_a_moment_is_exact_for_machines():
    at = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert rendered("{{ at|moment }}", at=at) == (
        '<time datetime="2026-03-04T05:06:07+00:00">2026-03-04 05:06</time>'
    )
    assert ">2026-03-04</time>" in rendered('{{ at|moment:"Y-m-d" }}', at=at)


def test_no_moment_leaves_room_for_another_word():
    assert rendered('{{ at|moment|default:"never" }}', at=None) == "never"
