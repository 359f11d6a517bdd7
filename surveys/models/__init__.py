from .audit import AuditEvent
from .coding import Coding, CodingRuling, CodingScheme, CodingSuggestion
from .editing import EditorDraft, StoredVersion
from .journey import Answer, Consent, Draft, EnrolmentEvent, PageSubmission, Presentation
from .monitor import Notice, PageView
from .participant import Device, Enrolment, Identity, PanelSubmission, Participant
from .people import Invitation, Membership
from .quality import Assessment, Decision, QualityRules, Signal
from .quota import Cell, Quota, Seat
from .study import ConsentDocument, Questionnaire, Study
from .token import ApiToken

__all__ = [
    "Answer",
    "ApiToken",
    "Assessment",
    "AuditEvent",
    "Cell",
    "Coding",
    "CodingRuling",
    "CodingScheme",
    "CodingSuggestion",
    "Consent",
    "ConsentDocument",
    "Decision",
    "Device",
    "Draft",
    "EditorDraft",
    "Enrolment",
    "EnrolmentEvent",
    "Identity",
    "Invitation",
    "Membership",
    "Notice",
    "PageSubmission",
    "PageView",
    "PanelSubmission",
    "Participant",
    "Presentation",
    "QualityRules",
    "Questionnaire",
    "Quota",
    "Seat",
    "Signal",
    "StoredVersion",
    "Study",
]
