"""Questionnaires as data: the format, what it means, and how a posted page becomes answers.

Each question leaves one answer under its key, and its value has one shape for each type:

==================  =====================================================================================
information         no answer
single, dropdown    the option's value: str
country             the ISO 3166-1 alpha-3 code, or DECLINED: str
multiple            the values chosen, in the order of the file: list[str]
text, long_text     the text without spaces around it: str
number              int, or float where the question allows decimals
sliders             {item key: int where touched, None where not, "not_applicable"}
consent             True where ticked, else None
==================  =====================================================================================

A question with text fields beside options or items leaves a second answer, `question.text_key`
(`KEY_text`): {option value or item key: text}, with the texts that were typed beside what was chosen.
Without any answer the value is None ([] for multiple); the status says why. A declined question has the
value DECLINED ([DECLINED] for multiple). Statuses: answered; declined (shown and left without an answer, or
"prefer not to say"); not_shown; not_reached.

Posted fields: the question's key; `KEY.ITEM` for a slider, with `KEY.ITEM__na` and `KEY.ITEM__trace`
beside it; `KEY.VALUE_text` for the text of an option or item; `KEY.declined` where a text or number can be
declined. The file format is published as instruments/schema.json.
"""

from surveys.declined import DECLINED

from .answers import NOT_APPLICABLE, PageReading, read_page
from .conditions import All, Among, Answered, AnyOf, Condition, Not, has_answer
from .definitions import Item, Option, Page, Question, Questionnaire, Scale, display_order
from .fields import QuestionFields, question_fields
from .parsing import FORMAT, parse
from .problems import Problem, QuestionnaireError

__all__ = [
    "DECLINED",
    "FORMAT",
    "NOT_APPLICABLE",
    "All",
    "Among",
    "Answered",
    "AnyOf",
    "Condition",
    "Item",
    "Not",
    "Option",
    "Page",
    "PageReading",
    "Problem",
    "Question",
    "QuestionFields",
    "Questionnaire",
    "QuestionnaireError",
    "Scale",
    "display_order",
    "has_answer",
    "parse",
    "question_fields",
    "read_page",
]
