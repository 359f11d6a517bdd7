"""The participant's addresses of conversations."""

from django.urls import path

from conversations.views import acts, conversation, events, feedback, overview, own, reveal, second_rating

app_name = "conversations"
talk = "<slug:slug>/conversations/<str:code>/"
urlpatterns = [
    path("<slug:slug>/my-data.json", own.my_data, name="my_data"),
    path("<slug:slug>/mine/", own.mine, name="mine"),
    path("<slug:slug>/mine/archive.zip", own.archive, name="archive"),
    path("<slug:slug>/conversations/", overview.overview, name="overview"),
    path("<slug:slug>/conversations/rating/", second_rating.second_rating, name="second_rating"),
    path(talk, conversation.conversation, name="conversation"),
    path(f"{talk}say/", acts.say, name="say"),
    path(f"{talk}again/", acts.again, name="again"),
    path(f"{talk}stop/", acts.stop, name="stop"),
    path(f"{talk}rate/", acts.rate, name="rate"),
    path(f"{talk}choose/", acts.choose, name="choose"),
    path(f"{talk}finish/", acts.finish, name="finish"),
    path(f"{talk}feedback/", feedback.feedback, name="feedback"),
    path(f"{talk}models/", reveal.models, name="models"),
    path(f"{talk}turns/<int:turn>/events/", events.events, name="events"),
]
