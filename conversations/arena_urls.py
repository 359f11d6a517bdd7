"""The arena's addresses."""

from django.urls import path

from conversations.views.arena import doors, shared, talks

app_name = "arena"
urlpatterns = [
    path("", doors.home, name="home"),
    path("begin/", doors.begin, name="begin"),
    path("history/", talks.history, name="history"),
    path("shared/<str:key>/", shared.shared, name="shared"),
    path("shared/<str:key>/report/", shared.report, name="report_shared"),
    path("<str:code>/", talks.talk, name="talk"),
    path("<str:code>/say/", talks.say, name="say"),
    path("<str:code>/again/", talks.again, name="again"),
    path("<str:code>/stop/", talks.stop, name="stop"),
    path("<str:code>/vote/", talks.vote, name="vote"),
    path("<str:code>/reveal/", talks.reveal, name="reveal"),
    path("<str:code>/react/", talks.react, name="react"),
    path("<str:code>/share/", talks.share, name="share"),
    path("<str:code>/unshare/", talks.unshare, name="unshare"),
    path("<str:code>/report/", talks.report, name="report"),
    path("<str:code>/turns/<int:turn>/events/", talks.events, name="events"),
]
