"""Questionnaires of SurveyJS as questionnaires of ours, with a list of everything that did not come along.

Only the common part of SurveyJS is read (https://surveyjs.io, "Survey creator" JSON). What we cannot say is
left out or said in another way, and each such place is a Finding; nothing is left out silently.
"""

from .reading import MAXIMUM_TEXT, Imported, SurveyJSError, convert
from .work import Finding

__all__ = ["MAXIMUM_TEXT", "Finding", "Imported", "SurveyJSError", "convert"]
