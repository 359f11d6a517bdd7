"""The participant's addresses of conversations."""

from django.urls import path

from conversations.views import events, own, pages

app_name = "conversations"
talk = "<slug:slug>/conversations/<str:code>/"
urlpatterns = [
    path("<slug:slug>/my-data.json", own.my_data, name="my_data"),
    path("<slug:slug>/mine/", own.mine, name="mine"),
    path("<slug:slug>/mine/archive.zip", own.archive, name="archive"),
    path("<slug:slug>/conversations/", pages.overview, name="overview"),
    path(talk, pages.conversation, name="conversation"),
    path(f"{talk}say/", pages.say, name="say"),
    path(f"{talk}again/", pages.again, name="again"),
    path(f"{talk}rate/", pages.rate, name="rate"),
    path(f"{talk}choose/", pages.choose, name="choose"),
    path(f"{talk}finish/", pages.finish, name="finish"),
    path(f"{talk}feedback/", pages.feedback, name="feedback"),
    path(f"{talk}turns/<int:turn>/events/", events.events, name="events"),
]
