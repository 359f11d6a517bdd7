"""What a coordinator says of a new batch, and what may be changed of one later."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from annotations.batches import uploads
from annotations.batches.choosing import Choice
from annotations.batches.from_file import Looked, look_through
from annotations.batches.tables import UnusableFile
from annotations.batches.uploads import Upload
from annotations.models import Batch, RubricVersion
from surveys.models import Study

TAKEN = frozenset({"new"})  # would be read as another address
MOST_OVERLAP = 100
LONGEST_GUIDELINES = 50_000
FLAGS = ("is_first_only", "is_each", "with_imported", "with_excluded")
Kind, Source = Batch.Kind, Batch.Source


def words(text: str) -> list[str]:
    """What stands between commas, each once."""
    return list(dict.fromkeys(word.strip()[:60] for word in text.split(",") if word.strip()))


class RulesForm(forms.Form):
    """What may be changed as long as a batch lives: who gets its tasks, how many and for how long."""

    guidelines = forms.CharField(
        label=gettext_lazy("Guidelines"),
        required=False,
        max_length=LONGEST_GUIDELINES,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy(
            "Markdown. They stand beside every task: what counts, examples, doubtful cases."
        ),
    )
    tags = forms.CharField(
        label=gettext_lazy("Expertise"),
        required=False,
        max_length=500,
        help_text=gettext_lazy(
            "Words with commas between them. Only annotators who have all of them get tasks."
        ),
    )
    minutes_to_expiry = forms.IntegerField(
        label=gettext_lazy("Minutes for a task"),
        initial=60,
        min_value=5,
        max_value=20_160,
        help_text=gettext_lazy("Then a task that was opened and not finished goes to somebody else."),
    )
    most_per_annotator = forms.IntegerField(
        label=gettext_lazy("At most so many tasks a person"),
        initial=0,
        min_value=0,
        max_value=1_000_000,
        help_text=gettext_lazy("0: as many as there are."),
    )
    gold_percent = forms.FloatField(
        label=gettext_lazy("Tasks with known answers, %"),
        initial=0,
        min_value=0,
        max_value=100,
        help_text=gettext_lazy(
            "So many of a person's tasks are such, hidden among the others. They come from a file; at 0 "
            "nobody gets them."
        ),
    )

    def clean_tags(self) -> list[str]:
        return words(self.cleaned_data["tags"].lower())

    def rules(self) -> dict[str, Any]:
        """As fields of a batch, once the form is valid."""
        same = ("guidelines", "tags", "minutes_to_expiry", "most_per_annotator")
        chosen = {name: self.cleaned_data[name] for name in same}
        return chosen | {"gold_share": self.cleaned_data["gold_percent"] / 100}


class NewBatchForm(RulesForm):
    """One page: what is asked of which texts. A file that was sent once is kept for the next request."""

    title = forms.CharField(
        label=gettext_lazy("Title"), max_length=200, help_text=gettext_lazy("Annotators see it.")
    )
    rubric = forms.ChoiceField(label=gettext_lazy("Rubric"))
    kind = forms.ChoiceField(
        label=gettext_lazy("A task is"),
        choices=[
            (Kind.PAIR, gettext_lazy("two responses side by side")),
            (Kind.SINGLE, gettext_lazy("one response")),
        ],
        initial=Kind.PAIR,
        widget=forms.RadioSelect,
    )
    overlap = forms.IntegerField(
        label=gettext_lazy("Annotators of each task"),
        initial=1,
        min_value=1,
        max_value=MOST_OVERLAP,
        help_text=gettext_lazy("From two on, you see how far they agree."),
    )
    source = forms.ChoiceField(
        label=gettext_lazy("The texts come from"),
        choices=Source.choices,
        initial=Source.CONVERSATIONS,
        widget=forms.RadioSelect,
    )
    languages = forms.CharField(
        label=gettext_lazy("Languages"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Codes such as en, fr with commas between them; empty: all."),
    )
    types = forms.MultipleChoiceField(
        label=gettext_lazy("Kinds of conversations"), required=False, widget=forms.CheckboxSelectMultiple
    )
    since = forms.DateField(
        label=gettext_lazy("From (UTC)"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=gettext_lazy("Until (UTC)"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    is_first_only = forms.BooleanField(
        label=gettext_lazy("Only the first message of each conversation"), required=False
    )
    is_each = forms.BooleanField(
        label=gettext_lazy("Every response or pair of a message; otherwise one is drawn"), required=False
    )
    with_imported = forms.BooleanField(
        label=gettext_lazy("Also conversations that were imported from elsewhere"), required=False
    )
    with_excluded = forms.BooleanField(
        label=gettext_lazy("Also of people who are excluded from the data"), required=False
    )
    most = forms.IntegerField(
        label=gettext_lazy("Draw so many tasks"),
        required=False,
        min_value=1,
        max_value=1_000_000,
        help_text=gettext_lazy("Empty: all that there are."),
    )
    seed = forms.IntegerField(
        label=gettext_lazy("Seed"),
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        help_text=gettext_lazy("The same seed draws the same. It is recorded."),
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".jsonl,.csv,.parquet"}),
    )

    def __init__(
        self, data: Any = None, files: Any = None, *, study: Study, by: User, versions: list[RubricVersion]
    ) -> None:
        super().__init__(data, files, initial={"seed": secrets.randbelow(10**9)})
        self.study, self.by, self.versions = study, by, versions
        self.upload: Upload | None = None
        self.looked = Looked()
        used = study.conversations.order_by("type").values_list("type", flat=True).distinct()
        self.fields["types"].choices = [(key, key) for key in used]  # type: ignore[attr-defined]
        self.fields["rubric"].choices = [(str(one.pk), str(one)) for one in versions]  # type: ignore[attr-defined]
        if not used:
            del self.fields["types"]
            self.fields["source"].initial = Source.FILE

    @property
    def kept(self) -> str:
        """By which the next request finds the file again."""
        return uploads.sign(self.upload, self.study, self.by) if self.upload else ""

    def clean_languages(self) -> list[str]:
        return words(self.cleaned_data["languages"].lower())

    def clean_file(self) -> UploadedFile | None:
        file: UploadedFile | None = self.cleaned_data["file"]
        if file is None:
            return None
        if not uploads.is_readable(file.name or ""):
            raise forms.ValidationError(_("The name must end with .jsonl, .csv or .parquet."))
        if (file.size or 0) > uploads.MOST_BYTES:
            most = filesizeformat(uploads.MOST_BYTES)
            raise forms.ValidationError(
                _("The file is too large: at most %s. Make several batches of it.") % most
            )
        return file

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        version = next((one for one in self.versions if str(one.pk) == cleaned.get("rubric")), None)
        kind, source = cleaned.get("kind"), cleaned.get("source")
        cleaned["version"] = version
        if version and kind and kind not in version.parsed().suits:
            self.add_error("rubric", _("This rubric is not made for that kind of task."))
        if source == Source.ARENA and kind == Kind.SINGLE:
            self.add_error("kind", _("Votes of the arena are about two responses."))
        if cleaned.get("since") and cleaned.get("until") and cleaned["since"] > cleaned["until"]:
            self.add_error("until", _("This day lies before the first one."))
        if source == Source.FILE and "file" in cleaned:
            self._read_file(version, kind)
        return cleaned

    def _read_file(self, version: RubricVersion | None, kind: str | None) -> None:
        """Keep what was sent, or find what was kept, and look it through."""
        file: UploadedFile | None = self.cleaned_data["file"]
        try:
            self.upload = uploads.keep(file) if file else self._kept_before()
            if self.upload is None:
                self.add_error("file", _("Choose the file with the tasks."))
            elif version and kind:
                self.looked = look_through(self.upload.path, version.parsed(), kind)
                self._refuse_faults()
        except UnusableFile as error:
            self.add_error("file", str(error))
            self._forget()
        except OSError:
            self.add_error(
                "file", _("The file could not be kept. Tell your operator that the disk may be full.")
            )

    def _kept_before(self) -> Upload | None:
        return uploads.unsign(str(self.data.get("kept", "")), self.study, self.by)

    def _refuse_faults(self) -> None:
        looked = self.looked
        said = [
            _("Line %(line)d: %(reason)s.") % {"line": line, "reason": why} for line, why in looked.faults
        ]
        if looked.faulty > len(said):
            said.append(_("And %d more lines like these.") % (looked.faulty - len(said)))
        if not looked.tasks and not said:
            said.append(_("The file has no task."))
        if said:
            self.add_error("file", said)
            self._forget()

    def _forget(self) -> None:
        """A file with faults is corrected outside and chosen anew."""
        if self.upload:
            uploads.drop(self.upload.code)
        self.upload = None

    def batch(self) -> Batch:
        """The batch that the valid form describes, not stored."""
        chosen = self.cleaned_data
        seed = chosen["seed"] if chosen["seed"] is not None else secrets.randbelow(10**9)
        return Batch(
            study=self.study,
            slug=_free_slug(self.study, chosen["title"]),
            title=chosen["title"],
            rubric_version=chosen["version"],
            kind=chosen["kind"],
            source=chosen["source"],
            overlap=chosen["overlap"],
            languages=chosen["languages"],
            order_seed=seed,
            description={"file": self.upload.as_json()} if self.upload else {"choice": self._choice(seed)},
            **self.rules(),
        )

    def _choice(self, seed: int) -> dict[str, Any]:
        chosen = self.cleaned_data
        days: dict[str, Any] = {}
        for name in ("since", "until"):
            days[name] = chosen[name].isoformat() if chosen[name] else ""
        flags = {name: chosen[name] for name in FLAGS}
        return Choice(
            languages=tuple(chosen["languages"]),
            types=tuple(chosen.get("types", ())),
            most=chosen["most"] or 0,
            seed=seed,
            **days,
            **flags,
        ).as_json()


def _free_slug(study: Study, title: str) -> str:
    """The title as an address, with a number behind it where another batch has that."""
    base = slugify(title)[:50].strip("-") or "batch"
    taken = TAKEN | set(study.batches.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(
        slug for slug in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken
    )
