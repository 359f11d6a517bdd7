from .audit import AuditEvent
from .journey import Answer, Consent, Draft, EnrolmentEvent, PageSubmission, Presentation
from .participant import Device, Enrolment, Identity, PanelSubmission, Participant
from .people import Invitation, Membership
from .study import ConsentDocument, Questionnaire, Study

__all__ = [
    "Answer",
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
