"""The coordinator's addresses about a study's panel, payments, links and invitations."""

from django.urls import path

from surveys.coordinate.views import bonuses, credits, links, panel, submissions

urlpatterns = [
    path("", panel.panel, name="panel"),
    path("account/", panel.account, name="panel_account"),
    path("account/test/", panel.test, name="panel_test"),
    path("account/listen/", panel.listen, name="panel_listen"),
    path("account/places/", panel.places, name="panel_places"),
    path("account/forget/", panel.forget, name="panel_forget"),
    path("submissions/", submissions.submissions, name="panel_submissions"),
    path("submissions/approve/", submissions.approve, name="panel_approve"),
    path("submissions/refresh/", submissions.refresh, name="panel_refresh"),
    path("submissions/<int:pk>/", submissions.submission, name="panel_submission"),
    path("submissions/<int:pk>/reject/", submissions.reject, name="panel_reject"),
    path("submissions/<int:pk>/return/", submissions.ask_back, name="panel_ask_back"),
    path("submissions/<int:pk>/complete/", submissions.complete, name="panel_complete"),
    path("submissions/<int:pk>/release/", submissions.release, name="panel_release_seat"),
    path("bonuses/", bonuses.bonuses, name="panel_bonuses"),
    path("bonuses/gather/", bonuses.gather, name="panel_gather"),
    path("bonuses/<int:pk>/announce/", bonuses.announce, name="panel_announce"),
    path("bonuses/<int:pk>/pay/", bonuses.pay, name="panel_pay"),
    path("bonuses/<int:pk>/settle/", bonuses.settle, name="panel_settle"),
    path("credits/", credits.credits, name="panel_credits"),
    path("credits/<int:pk>/settle/", credits.settle, name="panel_settle_credit"),
    path("links/", links.links, name="panel_links"),
    path("links/make/", links.make, name="panel_make_links"),
    path("links/<int:number>/revoke/", links.revoke, name="panel_revoke_link"),
    path("links/invite/", links.invite, name="panel_invite"),
    path("links/send/", links.send, name="panel_send"),
]
