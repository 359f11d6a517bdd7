"""The type of an arena's protocol: what its models are told, how many are held, and pairs kept apart."""

from functools import partial

import pytest
import yaml
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from conversations import protocols, room
from conversations.models import Conversation, Draw, LanguageModel
from conversations.studies import load_protocol
from surveys.models import Enrolment
from tests.conversations.comparing import HOME, ask, enter, open_arena
from tests.conversations.talking import SERVED, at_once, typed_text
from tests.conversations.test_lengths import sent
from tests.factories import make_models

pytestmark = pytest.mark.django_db
SCHOOL = {
    "key": "school",
    "label": "School",
    "text": "Ask.",
    "required": 0,
    "hint": {"en": "About school.", "fr": "Sur l’école."},
    "system": {"en": "You teach.", "fr": "Tu enseignes."},
}


def with_rules(study, **changes):
    """The same arena by the shipped protocol with some of its parts replaced."""
    document = yaml.safe_load(protocols.preset("arena")) | changes
    load_protocol(study, yaml.safe_dump(document))
    return study


@SERVED
def test_models_are_told_the_types_prompt_and_no_more_begin_than_its_bound_allows():
    study = with_rules(open_arena(), types=[SCHOOL | {"most": 3}])
    visitors = [enter() for _ in range(5)]
    html = visitors[0].get(HOME).content.decode()
    assert "About school." in html
    assert "You teach" not in html
    assert "Sur l’école." in visitors[0].get(HOME, headers={"accept-language": "fr"}).content.decode()
    form = {"text": "What is fair?", "form_key": "once", "mode": "random"}
    answered = at_once(*[partial(visitor.post, HOME, form) for visitor in visitors])
    assert sorted(one.status_code for one in answered) == [302] * 3 + [409] * 2
    refused = next(one.content.decode() for one in answered if one.status_code == 409)
    assert "There are enough comparisons here now" in refused
    assert typed_text(refused) == "What is fair?"
    talks = list(Conversation.objects.filter(study=study))
    assert [talk.type for talk in talks] == ["school"] * 3
    system, message = sent(talks[0].turns.get())[0]
    assert system == {"role": "system", "content": "You teach."}
    assert message["content"] == "What is fair?"
    full = visitors[0].get(HOME).content.decode()
    assert "There are enough comparisons now" in full
    assert typed_text(full) is None
    with_rules(study, types=[SCHOOL | {"most": 4}], suggestions=[])
    assert ask(visitors[0]).type == "school"


def test_who_was_asked_for_another_first_message_still_has_their_place():
    study = with_rules(open_arena(), types=[SCHOOL | {"most": 1}])
    visitor, late = enter(), enter()
    form = {"form_key": "k", "mode": "random"}
    assert visitor.post(HOME, form | {"text": " "}).status_code == 409
    assert typed_text(visitor.get(HOME).content.decode()) is not None
    assert late.post(HOME, form | {"text": "Mine?"}).status_code == 409
    assert visitor.post(HOME, form | {"text": "Now."}).status_code == 302
    assert Conversation.objects.get(study=study).turns.get().text == "Now."


def test_a_place_that_nobody_filled_within_an_hour_goes_to_others_and_a_full_arena_asks_nobody_to_agree():
    study = with_rules(open_arena(), types=[SCHOOL | {"most": 1}])
    slow, quick = enter(), enter()
    form = {"form_key": "k", "mode": "random"}
    assert slow.post(HOME, form | {"text": " "}).status_code == 409
    talk = Conversation.objects.get()
    Conversation.objects.update(started_at=talk.started_at - room.KEPT)
    assert typed_text(slow.get(HOME).content.decode()) is not None  # the place is free, so also for them
    assert quick.post(HOME, form | {"text": "Mine."}).status_code == 302
    assert "There are enough comparisons now" in slow.get(HOME).content.decode()
    refused = slow.post(HOME, form | {"text": "Now."})
    assert refused.status_code == 409
    assert "There are enough of these by now" in refused.content.decode()
    assert typed_text(refused.content.decode()) == "Now."
    assert not talk.turns.exists()
    people = Enrolment.objects.count()
    shut = Client().get(HOME).content.decode()
    assert "There are enough comparisons now" in shut
    assert "Agree and begin" not in shut
    sent = {"consent": "on", "door_key": "another"}
    assert "Nothing was stored" in Client().post(f"{HOME}begin/", sent).content.decode()
    assert Enrolment.objects.count() == people
    with_rules(study, types=[SCHOOL | {"most": 2}])
    assert "Agree and begin" in Client().get(HOME).content.decode()


# Pairs that are kept apart


def kept_apart(pairs, models: int = 3) -> list[LanguageModel]:
    """An arena whose protocol keeps models apart, by their numbers."""
    study = open_arena(models=0)
    made = make_models(models, study)
    names = [[made[one].name, made[other].name] for one, other in pairs]
    with_rules(
        study, opening={"models": 2, "sampling": {"rule": "uniform", "apart": names}, "replacements": 1}
    )
    return made


def picking(*models: LanguageModel) -> dict[str, object]:
    return {"text": "Which?", "form_key": "k", "mode": "custom", "pick": [model.name for model in models]}


def test_two_models_that_are_kept_apart_cannot_be_picked_and_the_other_one_is_drawn_from_the_rest():
    one, barred, free = kept_apart([(0, 1)])
    visitor = enter()
    linked = visitor.get(f"{HOME}?mode=custom&vs={one.name},{barred.name}").content.decode()
    chosen = LexborHTMLParser(linked).css('select[name="pick"] option[selected]')
    assert [option.attributes["value"] for option in chosen] == [one.name, barred.name]
    for pair in ((one, barred), (barred, one)):
        refused = visitor.post(HOME, picking(*pair))
        assert refused.status_code == 409
        assert "These two models are not compared here" in refused.content.decode()
        assert typed_text(refused.content.decode()) == "Which?"
    assert not Conversation.objects.exists()
    for _ in range(8):
        ask(visitor, mode="custom", pick=[one.name, ""])
    assert {frozenset(draw.drawn) for draw in Draw.objects.all()} == {frozenset({one.pk, free.pk})}
    ask(visitor, mode="custom", pick=[barred.name, free.name])
    assert set(Draw.objects.latest("pk").drawn) == {barred.pk, free.pk}


def test_a_model_that_may_meet_nobody_is_refused_and_the_message_kept():
    alone, *_others = kept_apart([(0, 1), (0, 2)])
    refused = enter().post(HOME, picking(alone))
    assert refused.status_code == 409
    assert "No model can answer at the moment" in refused.content.decode()
    assert typed_text(refused.content.decode()) == "Which?"
    assert not Draw.objects.exists()
