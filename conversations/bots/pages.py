"""A page as a participant meets it: its forms and their fields, read from the HTML and from nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode


@dataclass(frozen=True)
class Option:
    """A radio button, a checkbox or an entry of a list; `text` names the text field beside it, if any."""

    value: str
    label: str
    text: str = ""


@dataclass
class Field:
    """What is asked under one name.

    `kind` is radio, checkboxes, select, box, text, number, long text or slider. `label` is the question for
    fields of text and for groups that are labelled. `declined` names the box "prefer not to say". `given` is
    what the page shows as filled in.
    """

    name: str
    kind: str
    label: str = ""
    is_required: bool = False
    options: list[Option] = field(default_factory=list)
    minimum: int = 1
    maximum: int = 100
    has_not_applicable: bool = False
    declined: str = ""
    text: str = ""
    given: list[str] = field(default_factory=list)


@dataclass
class Form:
    """`hidden` are the fields nobody sees; `buttons` maps the name of a button to the values it can send;
    `fixed` has the fields that are filled in and can only be sent as they are.
    """

    action: str
    id: str
    hidden: dict[str, str] = field(default_factory=dict)
    fields: dict[str, Field] = field(default_factory=dict)
    buttons: dict[str, list[str]] = field(default_factory=dict)
    autosave: str = ""
    fixed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stream:
    """Where the text of a turn comes from, and what the page itself shows of it."""

    url: str
    texts: dict[str, str]


@dataclass(frozen=True)
class Page:
    url: str
    language: str
    title: str
    forms: list[Form]
    stream: Stream | None
    code: str
    back: str = ""

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def form(self, ending: str = "") -> Form | None:
        """The first form that posts to an address with this ending."""
        return next((form for form in self.forms if urlsplit(form.action).path.endswith(ending)), None)


def read(url: str, html: str) -> Page:
    tree = LexborHTMLParser(html)
    code = tree.css_first("[data-completion-code]")
    heading, root = tree.css_first("h1"), tree.css_first("html")
    return Page(
        url=url,
        language=(root and root.attributes.get("lang")) or "en",
        title=_words(heading),
        forms=[_form(url, node) for node in tree.css('form[method="post"]')],
        stream=_stream(url, tree.css_first("#stream")),
        code=_words(code),
        back=_back(tree),
    )


def _back(tree: LexborHTMLParser) -> str:
    """Where the link to the page before leads; it stands beside the button that sends the page."""
    link = tree.css_first(".survey-form .form-actions a.btn-link")
    return (link and link.attributes.get("href")) or ""


def _words(node: LexborNode | None) -> str:
    return " ".join(node.text().split()) if node else ""


def _stream(url: str, node: LexborNode | None) -> Stream | None:
    if node is None:
        return None
    texts = {
        str(slot.attributes["data-slot"]): _shown(slot.css_first("[data-text]"))
        for slot in node.css("[data-slot]")
    }
    return Stream(urljoin(url, node.attributes["data-events"]), texts)


def _shown(node: LexborNode | None) -> str:
    return node.text() if node else ""


def _form(url: str, node: LexborNode) -> Form:
    form = Form(
        action=urljoin(url, node.attributes.get("action") or ""),
        id=node.attributes.get("id") or "",
        autosave=urljoin(url, node.attributes["data-autosave"]) if "data-autosave" in node.attributes else "",
    )
    for slider in node.css("[data-slider]"):
        _add(form, _slider(slider))
    for control in node.css("input, select, textarea, button"):
        if not _closest(control, "slider", node):
            _take(form, control, node)
    return form


def _add(form: Form, found: Field) -> None:
    form.fields.setdefault(found.name, found)


def _take(form: Form, control: LexborNode, top: LexborNode) -> None:
    name, kind = control.attributes.get("name") or "", _kind(control)
    if not name or control.parent is None or _is_beside(control, top):
        return
    if kind == "hidden":
        form.hidden[name] = control.attributes.get("value") or ""
    elif kind in {"submit", "button"}:
        form.buttons.setdefault(name, []).append(control.attributes.get("value") or "")
    elif kind in {"radio", "checkbox"}:
        _take_tick(form, name, kind, control, top)
    elif kind == "select":
        _add(form, _select(name, control, top))
    else:
        _add(form, _typed(name, kind, control, top))
        if "readonly" in control.attributes:
            form.fixed[name] = control.text().strip()


def _kind(control: LexborNode) -> str:
    if control.tag in {"select", "textarea"}:
        return str(control.tag)
    return control.attributes.get("type") or ("submit" if control.tag == "button" else "text")


def _take_tick(form: Form, name: str, kind: str, control: LexborNode, top: LexborNode) -> None:
    value = control.attributes.get("value") or "on"
    if name.endswith(".declined"):
        question = form.fields.get(name.removesuffix(".declined"))
        if question:
            question.declined = name
        return
    if kind == "checkbox":
        kind = "box" if value == "on" else "checkboxes"
    around = _closest(control, "q-option" if kind == "box" else "q", top)
    new = Field(name, kind, label=_group_label(control, top), is_required=_is_required(around))
    found = form.fields.setdefault(name, new)
    beside = _closest(control, "q-option", top)
    found.options.append(Option(value, _label(control, top), _text_beside(beside)))
    if "checked" in control.attributes:
        found.given.append(value)


def _select(name: str, control: LexborNode, top: LexborNode) -> Field:
    around = _closest(control, "q", top)
    beside = {_option_of(text): text for text in _texts_beside(around)}
    options = [
        Option(value, _words(option), beside.get(value, ""))
        for option in control.css("option")
        if (value := option.attributes.get("value") or "")
    ]
    chosen = [str(option.attributes["value"]) for option in control.css("option[selected]")]
    return Field(name, "select", is_required=_is_required(around), options=options, given=chosen)


def _typed(name: str, kind: str, control: LexborNode, top: LexborNode) -> Field:
    around = _closest(control, "q", top)
    is_number = bool(control.attributes.get("inputmode")) or kind == "number"
    value = control.text() if kind == "textarea" else control.attributes.get("value") or ""
    return Field(
        name,
        "long text" if kind == "textarea" else "number" if is_number else "text",
        label=_label(control, top),
        is_required=_is_required(around) or "required" in control.attributes,
        given=[value] if value else [],
    )


def _slider(node: LexborNode) -> Field:
    number = node.css_first("[data-slider-value]")
    assert number is not None, "a slider without its number field"
    around, line = _closest(node, "q"), _closest(node, "q-slider")
    value = number.attributes.get("value") or ""
    return Field(
        number.attributes["name"] or "",
        "slider",
        label=_words(node.css_first(".slider-label")),
        is_required=_is_required(around) if around else True,
        minimum=int(number.attributes["min"] or 1),
        maximum=int(number.attributes["max"] or 100),
        has_not_applicable=node.css_first("[data-slider-na]") is not None,
        text=_text_beside(line),
        given=[value] if value else [],
    )


def _closest(node: LexborNode, name: str, top: LexborNode | None = None) -> LexborNode | None:
    """The nearest ancestor below `top` that has this class."""
    classes = ((found, (found.attributes.get("class") or "").split()) for found in _above(node, top))
    return next((found for found, names in classes if name in names), None)


def _above(node: LexborNode, top: LexborNode | None) -> Iterator[LexborNode]:
    parent, end = node.parent, top.mem_id if top else None  # nodes are compared by all their HTML
    while parent is not None and parent.mem_id != end and parent.tag not in {"html", "-undef"}:
        yield parent
        parent = parent.parent


def _is_beside(control: LexborNode, top: LexborNode) -> bool:
    return _closest(control, "q-option-text", top) is not None


def _is_required(around: LexborNode | None) -> bool:
    return around is not None and around.css_first(".q-required") is not None


def _texts_beside(around: LexborNode | None) -> list[str]:
    return [str(node.attributes["name"]) for node in around.css(".q-option-text input")] if around else []


def _text_beside(around: LexborNode | None) -> str:
    return next(iter(_texts_beside(around)), "")


def _option_of(name: str) -> str:
    """`question.option_text` is the field beside `option`."""
    return name.partition(".")[2].removesuffix("_text")


def _group_label(control: LexborNode, top: LexborNode) -> str:
    """What a group of radio buttons is called where nothing but its label says so."""
    groups = (node for node in _above(control, top) if node.attributes.get("role") == "radiogroup")
    group = next(groups, None)
    return (group and group.attributes.get("aria-label")) or ""


def _label(control: LexborNode, top: LexborNode) -> str:
    """The text of the label that names the control, or of the one around it as a screen reader has it."""
    name = control.attributes.get("id") or ""
    if not name:
        around = next((node for node in _above(control, top) if node.tag == "label"), None)
        said = around.css("span:not([aria-hidden])") if around else []
        return " ".join(_words(node) for node in said)
    label = next((node for node in top.css("label") if node.attributes.get("for") == name), None)
    return _words(label)
