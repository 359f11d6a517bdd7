"""Studies for measurements, with models of a fixed speed: one with short conversations, and an arena."""

from collections.abc import Sequence

from conversations.models import LanguageModel, PoolEntry, Provider
from conversations.protocols import preset
from conversations.studies import load_protocol
from surveys import consents
from surveys.entry import resume_path
from surveys.models import ConsentDocument, Enrolment, Participant, Study

PERSONAS = ("aurora-7b", "basalt-70b", "cirrus-mini", "delta-chat-13b")


def make_study(name: str, fake_url: str, *options: str) -> Study:
    """A study whose models speak as `options` say, such as `first=0.3;rate=30;chunks=60`.

    One model speaks so for each of the options; with one alone, four do.
    """
    speeds = options if len(options) > 1 else options * len(PERSONAS)
    study = Study.objects.create(slug=name, title=name, kind=Study.Kind.DEMO, state=Study.State.OPEN)
    rules = preset("prism").replace("max_tokens: 256", "max_tokens: 100000")
    load_protocol(study, rules.replace("  models: 4", f"  models: {len(speeds)}"))
    _fill(study, fake_url, speeds)
    return study


def make_arena(name: str, fake_url: str, *speeds: str) -> Study:
    """An open arena at /arena/<name>/ with the shipped terms and protocol, and one model for each speed."""
    study = _arena(name, preset("arena"))
    _fill(study, fake_url, speeds)
    return study


def make_duel(name: str, fake_url: str, small: Sequence[str], big: Sequence[str], pacing: str) -> Study:
    """As `make_arena`, with small models that speak in one way and big ones that speak in another."""
    study = _arena(name, f"{preset('arena')}pacing: {pacing}\n")
    provider = Provider.objects.create(name=name, base_url=fake_url, is_fake=True)
    for size, speeds in ((7, small), (120, big)):
        for number, speed in enumerate(speeds):
            model = LanguageModel.objects.create(
                provider=provider,
                identifier=f"{PERSONAS[size == 120]};{speed}",
                name=f"{name}/{size}-{number}",
                short_name=f"{size}-{number}",
                code=f"{size}-{number}",
                billions=size,
            )
            PoolEntry.objects.create(study=study, model=model)
    return study


def _arena(name: str, protocol: str) -> Study:
    study = Study.objects.create(
        slug=name,
        title=name,
        kind=Study.Kind.DEMO,
        state=Study.State.OPEN,
        panel={"kind": "open"},
        consent_document=ConsentDocument.load_file(consents.shipped("arena"), source="consent-arena.yaml"),
    )
    load_protocol(study, protocol.replace("max_tokens: 1024", "max_tokens: 100000"))
    return study


def _fill(study: Study, fake_url: str, speeds: Sequence[str]) -> None:
    """One model for each of the speeds, from a provider of the study's own."""
    name = study.slug
    provider = Provider.objects.create(name=name, base_url=fake_url, is_fake=True)
    for persona, speed in zip(PERSONAS, speeds, strict=False):
        model = LanguageModel.objects.create(
            provider=provider,
            identifier=f"{persona};{speed}",
            name=f"{name}/{persona}",
            short_name=persona,
            code=persona[:4],
        )
        PoolEntry.objects.create(study=study, model=model)


def make_people(study: Study, count: int) -> list[str]:
    """The personal links of so many new participants."""
    people = [
        Enrolment.objects.create(participant=Participant.objects.create(), study=study) for _ in range(count)
    ]
    return [resume_path(enrolment) for enrolment in people]
