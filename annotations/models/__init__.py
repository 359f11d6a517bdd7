from .annotation import Annotation, ErrorFound, ItemAnswer, Status, Values
from .annotator import AnnotatorProfile
from .assignment import Assignment, Draft
from .batch import Batch, Side, Task
from .rubric import Rubric, RubricDraft, RubricVersion
from .ruling import Ruling

__all__ = [
    "Annotation",
    "AnnotatorProfile",
    "Assignment",
    "Batch",
    "Draft",
    "ErrorFound",
    "ItemAnswer",
    "Rubric",
    "RubricDraft",
    "RubricVersion",
    "Ruling",
    "Side",
    "Status",
    "Task",
    "Values",
]
