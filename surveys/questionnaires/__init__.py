"""Questionnaires as data: the format, what it means, and how a posted page becomes answers.

Each question leaves one answer under its key, and its value has one shape for each type:

==================  =====================================================================================
information         no answer
single, dropdown    the option's value: str
country             the ISO 3166-1 alpha-3 code, or DECLINED: str
multiple            the values chosen, in the order of the file: list[str]
text, long_text     the text without spaces around it: str
number              int, or float where the question allows decimals
birth_year          the year: int
sliders             {item key: int where touched, None where not, "not_applicable"}
slider              the position: int
visual_analogue     the position: int
matrix              {item key: the option's value, DECLINED, or None where nothing was chosen}
ranking             all option values, the first one best: list[str]
consent             True where ticked, else None
==================  =====================================================================================

A question with text fields beside options or items leaves a second answer, `question.text_key`
(`KEY_text`): {option value or item key: text}, with the texts that were typed beside what was chosen.
Without any answer the value is None ([] for multiple); the status says why. A declined question has the
value DECLINED ([DECLINED] for multiple). Statuses: answered; declined (shown and left without an answer, or
"prefer not to say"); not_shown; not_reached.

Posted fields: the question's key; `KEY.ITEM` for a slider of a block, with `KEY.ITEM__na` and
`KEY.ITEM__trace` beside it, and for a row of a matrix; `KEY.VALUE` for a place in a ranking; `KEY__trace` by
a single slider; `KEY.VALUE_text` for the text of an option or item; `KEY__typing` for the counts of a text;
`KEY.declined` where a text, number, slider, block of sliders or ranking can be declined. Stored values never
depend on the language. The file format is published as instruments/schema.json.
"""

from surveys.declined import DECLINED

from .answers import NOT_APPLICABLE, PageReading, read_last_page, read_page
from .conditions import All, Among, Answered, AnyOf, Condition, Not, Within, has_answer
from .definitions import Check, Item, Option, Page, Question, Questionnaire, Scale
from .fields import QuestionFields, question_fields
from .order import PAGES, display_order, has_page_order, page_name, question_order
from .parsing import FORMAT, parse
from .problems import Problem, QuestionnaireError
from .schema import SCHEMA_FILE
from .statuses import statuses
from .texts import filled

__all__ = [
    "DECLINED",
    "FORMAT",
    "NOT_APPLICABLE",
    "PAGES",
    "SCHEMA_FILE",
    "All",
    "Among",
    "Answered",
    "AnyOf",
    "Check",
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
    "Within",
    "display_order",
    "filled",
    "has_answer",
    "has_page_order",
    "page_name",
    "parse",
    "question_fields",
    "question_order",
    "read_last_page",
    "read_page",
    "statuses",
]
