from .audit import AuditEvent
from .journey import Answer, Consent, Draft, EnrolmentEvent, PageSubmission, Presentation
from .participant import Device, Enrolment, Identity, PanelSubmission, Participant
from .people import Invitation, Membership
from .study import ConsentDocument, Questionnaire, Study
from .token import ApiToken

__all__ = [
    "Answer",
    "ApiToken",
    "AuditEvent",
    "Consent",
    "ConsentDocument",
    "Device",
    "Draft",
    "Enrolment",
    "EnrolmentEvent",
    "Identity",
    "Invitation",
    "Membership",
    "PageSubmission",
    "PanelSubmission",
    "Participant",
    "Presentation",
    "Questionnaire",
    "Study",
]
