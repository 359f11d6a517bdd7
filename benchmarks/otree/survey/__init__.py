"""Four pages with two questions each, as in benchmarks/survey.py."""

from typing import Any

from otree.api import BaseConstants, BaseGroup, BasePlayer, BaseSubsession, Page, models, widgets

CHOICES = ["One", "Two", "Three"]


class C(BaseConstants):
    NAME_IN_URL = "survey"
    PLAYERS_PER_GROUP = None
    NUM_ROUNDS = 1


class Subsession(BaseSubsession):
    pass


class Group(BaseGroup):
    pass


def choice() -> Any:
    return models.StringField(label="Which?", choices=CHOICES, widget=widgets.RadioSelect)


def words() -> Any:
    return models.LongStringField(label="Say something", blank=True)


class Player(BasePlayer):
    q0a = choice()
    q0b = words()
    q1a = choice()
    q1b = words()
    q2a = choice()
    q2b = words()
    q3a = choice()
    q3b = words()


class One(Page):
    form_model = "player"
    form_fields = ["q0a", "q0b"]


class Two(Page):
    form_model = "player"
    form_fields = ["q1a", "q1b"]


class Three(Page):
    form_model = "player"
    form_fields = ["q2a", "q2b"]


class Four(Page):
    form_model = "player"
    form_fields = ["q3a", "q3b"]


page_sequence = [One, Two, Three, Four]
