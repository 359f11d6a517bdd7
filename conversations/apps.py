from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "conversations"

    def ready(self) -> None:
        from conversations import erasers
        from conversations.stage import CONVERSATIONS
        from surveys import stages

        stages.register(CONVERSATIONS)
        erasers.register()
