"""Who annotates in a study: what they know, which languages they read, and what they did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from annotations import excluding, profiles
from annotations.models import AnnotatorProfile
from prism.lib.ratelimit import rate_limited
from surveys.access import Right, person
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import NotDone, study_act, study_page
from surveys.models import Study

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

PLACE = "annotating:annotators"
MOST = 20


class Words(forms.CharField):
    """A short list, typed with commas between."""

    def __init__(self, pattern: str, label: StrPromise) -> None:
        super().__init__(required=False, max_length=600, label=label)
        self.pattern = pattern

    def clean(self, value: object) -> list[str]:
        words = [word.strip() for word in str(super().clean(value)).split(",") if word.strip()]
        one = forms.RegexField(self.pattern, max_length=40)
        return [str(one.clean(word)) for word in dict.fromkeys(words[:MOST])]


class ProfileForm(forms.Form):
    tags = Words(r"^[\w .-]+$", gettext_lazy("Expertise"))
    languages = Words(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", gettext_lazy("Languages"))


@require_safe
@study_page(Right.RUN)
def annotators(request: HttpRequest, study: Study) -> HttpResponse:
    """Every member who may annotate, with a line to change."""
    described = {profile.user_id: profile for profile in AnnotatorProfile.objects.filter(study=study)}
    did = profiles.submitted(study)
    rows = [
        {
            "member": member,
            "profile": described.get(member.user_id),
            "done": did.get(member.user_id, 0),
        }
        for member in profiles.members(study)
    ]
    context = workbench(request, study, PLACE) | {"rows": rows}
    return render(request, "annotations/coordinate/annotators.html", context)


@rate_limited("annotator-profile", limit=600, seconds=3600, by="user")
@study_act(Right.RUN, PLACE)
def save_profile(request: HttpRequest, study: Study, pk: int) -> str:
    """Store what a member knows; batches are offered by it."""
    member = get_object_or_404(profiles.members(study), pk=pk)
    form = ProfileForm(request.POST)
    if not form.is_valid():
        raise NotDone(_("Write words with commas between them; languages as codes such as en, de-AT."))
    profiles.describe(member, person(request), **form.cleaned_data)
    return _("Kept for %s.") % member.user


@rate_limited("exclude-annotator", limit=120, seconds=3600, by="user")
@study_act(Right.RUN, PLACE, excluding.NotExcluded)
def exclude(request: HttpRequest, study: Study, pk: int) -> str:
    """Leave somebody's annotations out of agreement, or with `again` count them as before."""
    member = get_object_or_404(profiles.members(study), pk=pk)
    if "again" in request.POST:
        excluding.count_again(member, person(request))
        return _("The annotations of %s count again.") % member.user
    excluding.exclude(member, person(request), request.POST.get("reason", ""))
    return _("The annotations of %s are left out of agreement from now on.") % member.user
