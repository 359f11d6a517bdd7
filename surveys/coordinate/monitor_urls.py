"""The monitor's addresses under a study: the list's acts, funnel and times, quality."""

from django.urls import path

from surveys.coordinate.views import monitor, participants, quality

urlpatterns = [
    path("participants/act/", participants.act, name="participants_act"),
    path("participants/<str:code>/quality/", quality.participant, name="participant_quality"),
    path("participants/<str:code>/decide/", quality.decide, name="participant_decide"),
    path("participants/<str:code>/message/", quality.message, name="participant_message"),
    path("monitor/", monitor.monitor, name="monitor"),
    path("monitor/over-time.json", monitor.over_time, name="monitor_over_time"),
    path("quality/", quality.quality, name="quality"),
    path("quality/assess/", quality.assess, name="quality_assess"),
]
