from .audit import AuditEvent
from .coding import Coding, CodingRuling, CodingScheme, CodingSuggestion
from .editing import EditorDraft, StoredVersion
from .journey import Answer, Consent, Draft, EnrolmentEvent, PageSubmission, Presentation
from .monitor import Notice, PageView
from .panel import (
    Bonus,
    BonusPayment,
    Credit,
    EntryLink,
    InvitedPerson,
    OptOut,
    PanelConnection,
    PanelEvent,
    UsedEntryToken,
)
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
    "Bonus",
    "BonusPayment",
    "Cell",
    "Coding",
    "CodingRuling",
    "CodingScheme",
    "CodingSuggestion",
    "Consent",
    "ConsentDocument",
    "Credit",
    "Decision",
    "Device",
    "Draft",
    "EditorDraft",
    "Enrolment",
    "EnrolmentEvent",
    "EntryLink",
    "Identity",
    "Invitation",
    "InvitedPerson",
    "Membership",
    "Notice",
    "OptOut",
    "PageSubmission",
    "PageView",
    "PanelConnection",
    "PanelEvent",
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
    "UsedEntryToken",
]
