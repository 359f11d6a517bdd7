from django.apps import AppConfig


class AnnotationsConfig(AppConfig):
    name = "annotations"

    def ready(self) -> None:
        from annotations import erasers
        from annotations.recruited import own as judgements
        from annotations.recruited import stage, study_file
        from surveys import own, stages, study_parts

        stages.register(stage.ANNOTATIONS)
        own.register(judgements.ANNOTATIONS)
        study_parts.register(study_file.PART)
        erasers.register()
