"""The demonstration study: the PRISM instrument, consent and protocol with the fake provider's models."""

from django.conf import settings
from django.db import transaction

from accounts.models import User
from conversations import protocols
from conversations.arena.visiting import make_arena
from conversations.fakellm.personas import PERSONAS
from conversations.models import LanguageModel, PoolEntry, Provider
from conversations.studies import load_protocol, make_prism_study
from surveys.models import Membership, Study
from surveys.models.people import Role

SLUG = "demo"
PEOPLE = {
    "coordinator@demo.example": Role.OWNER,
    "analyst@demo.example": Role.ANALYST,
    "annotator@demo.example": Role.ANNOTATOR,
}
CODES = {
    "complete": "DEMODONE",
    "no_consent": "DEMONOCO",
    "screened_out": "DEMOSCRN",
    "quota_full": "DEMOFULL",
}
# Billions of parameters, as invented as the models.
SIZES = {
    "aurora-7b": 7,
    "basalt-70b": 70,
    "cirrus-mini": 3,
    "delta-chat-13b": 13,
    "ember-pro": 180,
    "fjord-lite": 8,
    "gneiss-duo": 40,
    "halcyon-xl": 400,
}
HEADER = (
    "You are a conversational assistant in a research study. Answer in about 50 words "
    "and do not mention this limit."
)


@transaction.atomic
def load_demo(base_url: str = "") -> Study:
    """The demo study, made if it is missing; `base_url` moves its fake provider."""
    study = Study.objects.filter(slug=SLUG).first() or _make_study()
    arena = make_arena("The arena", kind=Study.Kind.DEMO, state=Study.State.OPEN, locale="demo")
    provider = _provider(base_url)
    for identifier in sorted(PERSONAS):
        model = _model(provider, identifier)
        for place in (study, arena):
            PoolEntry.objects.get_or_create(study=place, model=model)
    load_protocol(study, protocols.preset("prism"))
    for email, role in PEOPLE.items():
        user = User.objects.filter(email=email).first() or User.objects.create_user(email)
        for place in (study, arena):
            Membership.objects.get_or_create(
                study=place, user=user, defaults={"role": role, "may_export_full": role == Role.OWNER}
            )
    return study


def _make_study() -> Study:
    return make_prism_study(
        SLUG,
        "Talking with AI models",
        summary="A demonstration of the PRISM study. All of its data are synthetic.",
        kind=Study.Kind.DEMO,
        state=Study.State.OPEN,
        locale="demo",
        minutes=45,
        contact_name="The Prism demonstration",
        contact_email="contact@demo.example",
        panel={"codes": CODES},
    )


def _provider(base_url: str) -> Provider:
    url = base_url or settings.FAKELLM_URL
    provider, is_new = Provider.objects.get_or_create(
        name="Local fake provider", defaults={"base_url": url, "is_fake": True}
    )
    if base_url and not is_new and provider.base_url != base_url:
        Provider.objects.filter(pk=provider.pk).update(base_url=base_url)
    return provider


def _model(provider: Provider, identifier: str) -> LanguageModel:
    model, _ = LanguageModel.objects.get_or_create(
        name=f"prism-demo/{identifier}",
        defaults={
            "provider": provider,
            "identifier": identifier,
            "short_name": identifier,
            "code": identifier[:4].upper(),
            "family": identifier.split("-")[0].title(),
            "maker": "demo",
            "is_open_access": identifier[0] < "e",
            "billions": SIZES[identifier],
            "licence": "Apache 2.0" if identifier[0] < "e" else "",
            "about": "An invented model of the demonstration. What it says comes from a list of phrases.",
            "header": HEADER,
            "default_parameters": {"temperature": 1.0},
            "parameters": {},
            "price_in": "0.5000",
            "price_out": "1.5000",
        },
    )
    return model
