"""A study for measurements: no questionnaire, one short conversation, four models of a fixed speed."""

from conversations.models import LanguageModel, PoolEntry, Provider
from conversations.protocols import preset
from conversations.studies import load_protocol
from surveys.entry import resume_path
from surveys.models import Enrolment, Participant, Study

PERSONAS = ("aurora-7b", "basalt-70b", "cirrus-mini", "delta-chat-13b")


def make_study(name: str, fake_url: str, *options: str) -> Study:
    """A study whose models speak as `options` say, such as `first=0.3;rate=30;chunks=60`.

    One model speaks so for each of the options; with one alone, four do.
    """
    speeds = options if len(options) > 1 else options * len(PERSONAS)
    study = Study.objects.create(slug=name, title=name, kind=Study.Kind.DEMO, state=Study.State.OPEN)
    rules = preset("prism").replace("max_tokens: 256", "max_tokens: 100000")
    load_protocol(study, rules.replace("  models: 4", f"  models: {len(speeds)}"))
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
    return study


def make_people(study: Study, count: int) -> list[str]:
    """The personal links of so many new participants."""
    people = [
        Enrolment.objects.create(participant=Participant.objects.create(), study=study) for _ in range(count)
    ]
    return [resume_path(enrolment) for enrolment in people]
