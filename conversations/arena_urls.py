"""The arena's addresses: those of the default one, and the same below the name of every other study."""

from django.urls import include, path, register_converter
from django.urls.converters import StringConverter

from conversations.views.arena import doors, looks, shared, talks


class Code(StringConverter):
    """The code of a conversation, which no name of a study is taken for."""

    regex = "c[1-9][0-9]{8}"


register_converter(Code, "talk")

app_name = "arena"
pages = [
    path("", doors.home, name="home"),
    path("begin/", doors.begin, name="begin"),
    path("history/", talks.history, name="history"),
    path("shared/<str:key>/", shared.shared, name="shared"),
    path("shared/<str:key>/report/", shared.report, name="report_shared"),
    path("<talk:code>/", talks.talk, name="talk"),
    path("<talk:code>/say/", talks.say, name="say"),
    path("<talk:code>/again/", talks.again, name="again"),
    path("<talk:code>/stop/", talks.stop, name="stop"),
    path("<talk:code>/vote/", talks.vote, name="vote"),
    path("<talk:code>/reveal/", talks.reveal, name="reveal"),
    path("<talk:code>/react/", talks.react, name="react"),
    path("<talk:code>/share/", talks.share, name="share"),
    path("<talk:code>/unshare/", talks.unshare, name="unshare"),
    path("<talk:code>/report/", talks.report, name="report"),
    path("<talk:code>/turns/<int:turn>/events/", talks.events, name="events"),
]
urlpatterns = [
    path("portals/<int:pk>/<slug:look>/look.css", looks.stylesheet, name="portal_look"),
    path("portals/<int:pk>/<slug:look>/logo.png", looks.logo, name="portal_logo"),
    *pages,
    path("<slug:slug>/", include(pages)),
]
