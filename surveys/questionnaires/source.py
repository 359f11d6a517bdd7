"""A text in YAML or JSON as plain values, together with the line and column of each of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml
from django.utils.translation import gettext as _
from yaml.constructor import SafeConstructor

from .problems import Problem, QuestionnaireError

MAX_BYTES = 1_000_000
MAX_DEPTH = 40

Path = tuple[str | int, ...]

# The C parser is some twenty times faster; PyYAML lacks it where no libyaml was found.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SCALARS = {f"tag:yaml.org,2002:{name}": name for name in ("str", "int", "float", "bool", "null")}


# JSON may write one character beyond the basic plane as two escapes, which YAML does not know.
_SURROGATE_PAIR = re.compile(r"(?<!\\)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)


@dataclass
class Tree:
    """The plain value of a text, and where each part of it begins (counted from 0)."""

    value: Any = None
    marks: dict[Path, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, path: Path, message: str) -> Problem:
        """A problem at `path`, or at the nearest part around it that is in the text."""
        known = path
        while known and known not in self.marks:
            known = known[:-1]
        line, column = self.marks.get(known, (0, 0))
        return Problem(line + 1, column + 1, written(path), message)

    def refuse(self, found: Iterable[tuple[Path, str]], source: str = "") -> None:
        """Raises QuestionnaireError if there is any fault: a place in the text, and what is wrong there."""
        problems = [self.problem(path, message) for path, message in found]
        if problems:
            raise QuestionnaireError(problems, source)


def written(path: Path) -> str:
    """A path as people write it: `pages[0].questions[2].options`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def read_tree(text: str, source: str = "") -> Tree:
    """Raises QuestionnaireError for a text that is too large, no valid YAML, or uses more of YAML than
    plain mappings, lists and scalars (aliases, tags), which could make a small file huge."""
    try:
        _refuse_oversize(text)
        root = _compose(text)
    except yaml.MarkedYAMLError as error:
        raise QuestionnaireError([_syntax_problem(error)], source) from error
    except yaml.YAMLError as error:
        raise QuestionnaireError([Problem(1, 1, "", str(error))], source) from error
    except _Refused as refused:
        raise QuestionnaireError([refused.problem], source) from refused
    tree = Tree()
    tree.value = _plain(root, (), tree)
    if tree.problems:
        raise QuestionnaireError(tree.problems, source)
    return tree


class _Refused(Exception):
    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        self.problem = Problem(line + 1, column + 1, "", message)


def _refuse_oversize(text: str) -> None:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _Refused(_("The file is larger than 1 MB. A questionnaire is smaller; is this the right file?"))


def _compose(text: str) -> yaml.Node:
    if text.lstrip().startswith("{"):
        text = _SURROGATE_PAIR.sub(_joined, text)
    _refuse_aliases_and_depth(yaml.parse(text, Loader=_Loader))
    root = yaml.compose(text, Loader=_Loader)
    if root is None:
        raise _Refused(_("The file is empty."))
    return root


def _joined(pair: re.Match[str]) -> str:
    return bytes.fromhex(pair[1] + pair[2]).decode("utf-16-be")


def _refuse_aliases_and_depth(events: Iterable[Any]) -> None:
    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        mark = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            raise _Refused(_("Aliases (*name) are not allowed; write the part out."), mark.line, mark.column)
        if depth > MAX_DEPTH:
            raise _Refused(_("The file is nested too deeply."), mark.line, mark.column)


def _syntax_problem(error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    message = _("The file is not valid YAML: %(reason)s.") % {"reason": error.problem or error.context}
    return Problem(line + 1, column + 1, "", message)


def _plain(node: yaml.Node, path: Path, tree: Tree) -> Any:
    tree.marks.setdefault(path, (node.start_mark.line, node.start_mark.column))
    if isinstance(node, yaml.MappingNode):
        return _plain_mapping(node, path, tree)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(part, (*path, index), tree) for index, part in enumerate(node.value)]
    return _plain_scalar(node, path, tree)


def _plain_mapping(node: yaml.MappingNode, path: Path, tree: Tree) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            _report(tree, key_node, path, _("has a key that is no word."))
            continue
        key = str(key_node.value)
        inner = (*path, key)
        if key in mapping:
            first = tree.marks[inner][0] + 1
            _report(tree, key_node, inner, _("is already given on line %(line)d.") % {"line": first})
            continue
        tree.marks[inner] = (key_node.start_mark.line, key_node.start_mark.column)
        mapping[key] = _plain(value_node, inner, tree)
    return mapping


def _plain_scalar(node: yaml.Node, path: Path, tree: Tree) -> Any:
    try:
        return _scalar(node)
    except ValueError:
        message = _("“%(value)s” cannot be read as text or a number; put it in quotes.")
        _report(tree, node, path, message % {"value": str(node.value)[:40]})
        return None


def _scalar(node: yaml.Node) -> Any:
    """Raises ValueError for dates, tags of YAML's own types, infinite numbers and unprintable characters."""
    construct: Any = SafeConstructor()
    kind = _SCALARS.get(node.tag)
    if kind is None:
        raise ValueError(node.tag)
    if kind == "str":
        return _printable(node.value)
    value = getattr(construct, f"construct_yaml_{kind}")(node)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(value)
    return value


def _printable(text: str) -> str:
    text.encode()
    if any(ord(character) < 32 and character not in "\n\t" for character in text):
        raise ValueError(text)
    return text


def _report(tree: Tree, node: yaml.Node, path: Path, message: str) -> None:
    mark = node.start_mark
    tree.problems.append(Problem(mark.line + 1, mark.column + 1, written(path), message))
