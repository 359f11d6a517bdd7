"""All addresses of Prism."""

from django.urls import include, path
from django.views.generic import TemplateView

from annotations.schemas import rubric as rubric_schema
from conversations.views.schemas import protocol as protocol_schema
from prism.lib.health import health
from surveys.views import schemas

urlpatterns = [
    path("", TemplateView.as_view(template_name="prism/home.html"), name="home"),
    path("health/", health, name="health"),
    path("schemas/questionnaire-1.json", schemas.questionnaire, name="questionnaire_schema"),
    path("schemas/protocol-1.json", protocol_schema, name="protocol_schema"),
    path("schemas/rubric-1.json", rubric_schema, name="rubric_schema"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("studies/", include("surveys.urls")),
    path("studies/", include("conversations.urls")),
    path("studies/", include("annotations.recruited.urls")),
    path("arena/", include("conversations.arena_urls")),
    path("leaderboard/", include("analysis.leaderboard.urls")),
    path("panels/", include("surveys.panels.urls")),
    path("coordinate/", include("surveys.coordinate.urls")),
    path("coordinate/", include("conversations.coordinate.study_urls")),
    path("coordinate/", include("conversations.coordinate.urls")),
    path("coordinate/", include("annotations.coordinate.urls")),
    path("coordinate/", include("analysis.urls")),
    path("annotate/", include("annotations.urls")),
    path("api/v1/", include("prism.api")),
]
