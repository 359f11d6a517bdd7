"""The addresses of judges and of their runs."""

from django.urls import path

from annotations.coordinate import judges, prompts

HERE = "studies/<slug:slug>/judges/"
urlpatterns = [
    path(HERE, judges.overview, name="judges"),
    path(f"{HERE}add/", judges.add, name="add_judge"),
    path(f"{HERE}begin/", judges.begin, name="begin_judge_run"),
    path(f"{HERE}prompts/", prompts.prompts, name="prompts"),
    path(f"{HERE}prompts/<int:pk>/", prompts.version, name="prompt_set"),
    path(f"{HERE}runs/<int:pk>/", judges.run, name="judge_run"),
    path(f"{HERE}runs/<int:pk>/limits/", judges.limit, name="limit_judge_run"),
    *(
        path(f"{HERE}runs/<int:pk>/{act}/", judges.act, {"act": act}, name=f"{act}_judge_run")
        for act in judges.ACTS
    ),
]
