from django.apps import AppConfig


class SurveysConfig(AppConfig):
    name = "surveys"

    def ready(self) -> None:
        from surveys import journey, stages

        stages.register(journey.CONSENT)
        stages.register(journey.SURVEY)
