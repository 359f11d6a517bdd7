from .adjudication import AgreementReport, Contest, ContestRule, FirstLook
from .annotation import Annotation, ErrorFound, ItemAnswer, Status, Values
from .annotator import AnnotatorProfile
from .assignment import Assignment, Draft
from .batch import Batch, Side, Task
from .judge import Judge, PromptSet
from .judge_run import JudgeCall, JudgedTask, JudgeRun, Quarantine
from .recruited import RecruitedTasks
from .rubric import Rubric, RubricDraft, RubricVersion
from .ruling import Ruling
from .scenario import ScenarioClassifier, ScenarioGroups

__all__ = [
    "AgreementReport",
    "Annotation",
    "AnnotatorProfile",
    "Assignment",
    "Batch",
    "Contest",
    "ContestRule",
    "Draft",
    "ErrorFound",
    "FirstLook",
    "ItemAnswer",
    "Judge",
    "JudgeCall",
    "JudgeRun",
    "JudgedTask",
    "PromptSet",
    "Quarantine",
    "RecruitedTasks",
    "Rubric",
    "RubricDraft",
    "RubricVersion",
    "Ruling",
    "ScenarioClassifier",
    "ScenarioGroups",
    "Side",
    "Status",
    "Task",
    "Values",
]
