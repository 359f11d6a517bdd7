"""A Prism of the bots' own: servers, fake provider, workers and web, as long as they play."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.core.management import call_command

from conversations.demo import SLUG, load_demo
from conversations.models import PoolEntry, Provider
from conversations.running import LIVE_WORKERS, WEB_WORKERS, Ports, add_prism
from prism.lib.processes import Supervisor, free_port, var_directory
from surveys.models import Study

FEW = 10  # people at a time, for whom a second process would take longer to start than it saves


class UnknownStudy(Exception):
    """There is no study with this slug; the message lists those there are."""


def find_study(slug: str) -> Study:
    """The study in our database, which is migrated first; the demo study is made if it is missing."""
    call_command("migrate", verbosity=0)
    if slug == SLUG:
        return load_demo()
    study = Study.objects.filter(slug=slug).first()
    if study is None:
        known = ", ".join(sorted({SLUG, *Study.objects.values_list("slug", flat=True)}))
        raise UnknownStudy(f"There is no study “{slug}”. The studies here are: {known}.")
    return study


def calls_real_models(study: Study) -> bool:
    return PoolEntry.objects.filter(study=study, is_on=True, model__provider__is_fake=False).exists()


@contextmanager
def running(speed: float, say: Callable[[str], None], people: int) -> Iterator[tuple[str, Supervisor]]:
    """The address of a Prism that runs as long as the context; call the supervisor's watch_once meanwhile.

    So many `people` take part at a time. Raises ProcessFailedError when a part of it does not start.
    """
    ports = Ports(web=free_port())
    house = Supervisor(var_directory() / "log" / "bots", say=say)
    live, web = (1, 1) if people <= FEW else (LIVE_WORKERS, WEB_WORKERS)
    add_prism(house, ports, speed=speed, live_workers=live, web_workers=web)
    with fake_providers_at(ports.fake_url), house:
        house.start(timeout=120)
        yield ports.web_url, house


@contextmanager
def fake_providers_at(url: str) -> Iterator[None]:
    """Move the fake providers to an address and back again: a demo that runs meanwhile has its own."""
    before = dict(Provider.objects.filter(is_fake=True).values_list("pk", "base_url"))
    Provider.objects.filter(pk__in=before).update(base_url=url)
    try:
        yield
    finally:
        for pk, earlier in before.items():
            Provider.objects.filter(pk=pk, base_url=url).update(base_url=earlier)
