"""Coming in: from a panel's link, a resume link or a preview to an enrolment, and a device in a cookie."""

from typing import Any

from django.core import signing
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from prism.lib.crypto import encrypt, keyed_hash
from surveys import known_devices
from surveys.device_cookies import keep_key, key_of, keys_of
from surveys.devices import SHARED, device_form
from surveys.models import Device, Enrolment, EnrolmentEvent, Identity, PanelSubmission, Participant, Study
from surveys.panels import Arrival, EntryError, admit

RESUME_SALT = "surveys.resume"
TEST_SALT = "surveys.test-entry"
TEST_LINK_SECONDS = 24 * 3600
BOT_AGENT = "prism-bots"


def enrol(
    study: Study, arrival: Arrival, *, is_test: bool = False, here: Device | None = None
) -> tuple[Enrolment, bool]:
    """The person's enrolment in the study and whether it was made now. Every arrival is kept.

    Raises EntryError for somebody whose data were erased, and for a token or link that was used in another
    browser than `here`.
    """
    participant = _participant(arrival)
    if participant.erased_at:
        raise EntryError(_("The data behind this link was erased at the person's own wish."))
    try:
        enrolment, is_new = _enrolment(participant, study, is_test)
    except IntegrityError:  # the random number of the code was taken: draw another
        enrolment, is_new = _enrolment(participant, study, is_test)
    if enrolment.identity_erased_at:  # they may see how it ended; who they are is not stored again
        return enrolment, False
    if is_new:
        EnrolmentEvent.objects.create(
            enrolment=enrolment, kind="arrived", detail={"signed": arrival.is_signed}
        )
    admit(enrolment, arrival, here)
    digest = keyed_hash(arrival.panel, "session", arrival.session)
    PanelSubmission.objects.get_or_create(
        enrolment=enrolment,
        digest=digest,
        defaults={
            "panel_study": arrival.study,
            "encrypted_session": encrypt(arrival.session),
            "is_signed": arrival.is_signed,
        },
    )
    return enrolment, is_new


def _enrolment(participant: Participant, study: Study, is_test: bool) -> tuple[Enrolment, bool]:
    return Enrolment.objects.get_or_create(
        participant=participant, study=study, defaults={"is_test": is_test}
    )


def is_enrolled(study: Study, arrival: Arrival) -> bool:
    return study.enrolments.filter(
        participant__identity__panel=arrival.panel, participant__identity__digest=_digest(arrival)
    ).exists()


def _digest(arrival: Arrival) -> str:
    return keyed_hash(arrival.panel, "participant", arrival.participant)


def _participant(arrival: Arrival) -> Participant:
    digest = _digest(arrival)
    known = Identity.objects.filter(panel=arrival.panel, digest=digest).select_related("participant").first()
    if known:
        return known.participant
    try:
        with transaction.atomic():
            participant = Participant.objects.create()
            Identity.objects.create(
                participant=participant,
                panel=arrival.panel,
                digest=digest,
                encrypted_id=encrypt(arrival.participant),
            )
            return participant
    except IntegrityError:  # somebody with the same id arrived in this very moment
        return Participant.objects.get(identity__panel=arrival.panel, identity__digest=digest)


def open_session(request: HttpRequest, enrolment: Enrolment, *, trusted: bool) -> Device:
    """Tie this browser to the enrolment; one that is tied already keeps its device, and may gain trust."""
    device = current_device(request, enrolment.study)
    if device and device.enrolment_id == enrolment.pk:
        if trusted and not device.is_trusted:
            device.is_trusted = True
            device.save(update_fields=["is_trusted"])
        return device
    if enrolment.devices.exists():
        EnrolmentEvent.objects.create(enrolment=enrolment, kind="second device", detail={"trusted": trusted})
    if device:
        _note_shared(enrolment, device.enrolment)
    device = Device.objects.create(enrolment=enrolment, is_trusted=trusted, form=device_form(request))
    keep_key(request, enrolment.study_id, device.key)
    return device


def _note_shared(enrolment: Enrolment, before: Enrolment) -> None:
    """This browser was somebody else's in the study before: a signal for both, and no more than that."""
    for one, other in ((enrolment, before), (before, enrolment)):
        EnrolmentEvent.objects.create(enrolment=one, kind=SHARED, detail={"with": other.code})


def keep_device(request: HttpRequest, device: Device) -> None:
    """Let this browser, and no other, go on under the device's new key after all keys were changed."""
    device.refresh_from_db(fields=["key"])
    keep_key(request, device.enrolment.study_id, device.key)


def current_device(request: HttpRequest, study: Study) -> Device | None:
    """The device this browser is in the study, with its enrolment, or None."""
    key = key_of(request, study.pk)
    if not key:
        return None
    return (
        Device.objects.select_related("enrolment__study", "enrolment__participant")
        .filter(key=key, enrolment__study=study, enrolment__participant__erased_at=None)
        .first()
    )


def device_in(request: HttpRequest, slug: str) -> Device | None:
    """The device this browser is in the study of that address, with enrolment and study, in one query."""
    keys = keys_of(request)
    return known_devices.find(keys, slug) if keys else None


def resume_path(enrolment: Enrolment, page: str = "surveys:resume") -> str:
    """The personal link that resumes everything. The secret is in the query, which no log keeps.

    `page` names another page that opens by it, such as the person's own.
    """
    token = signing.dumps([enrolment.pk, enrolment.resume_key], salt=RESUME_SALT)
    return f"{reverse(page, args=[enrolment.study.slug])}?link={token}"


def resumed(study: Study, token: str) -> Enrolment | None:
    """The enrolment behind a personal link of this study; None when the link is damaged or was renewed."""
    try:
        pk, key = signing.loads(token, salt=RESUME_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Enrolment.objects.filter(pk=pk, resume_key=key, study=study, participant__erased_at=None).first()


def is_bot_on_live_study(request: HttpRequest, study: Study) -> bool:
    return BOT_AGENT in request.headers.get("User-Agent", "") and not study.is_demo


def test_token(study: Study) -> str:
    """What an entry link carries to make test data (`?test=…`); good for a day."""
    return signing.dumps(study.slug, salt=TEST_SALT)


def is_test_token(study: Study, token: str) -> bool:
    try:
        slug: Any = signing.loads(token, salt=TEST_SALT, max_age=TEST_LINK_SECONDS)
    except signing.BadSignature:
        return False
    return slug == study.slug
