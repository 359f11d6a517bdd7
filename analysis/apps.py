from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "analysis"

    def ready(self) -> None:
        from analysis.exports import jobs
        from analysis.leaderboard import keeping
        from analysis.models import Export, Leaderboard, Subject
        from surveys import erasure

        erasure.register(Export, jobs.delete_those_with)
        erasure.register(Leaderboard, keeping.forget)
        erasure.register(Subject, erasure.delete_by(Subject, "conversation__enrolment"))
