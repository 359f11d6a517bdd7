"""Celery's Redis transport, without what Prism does not need of it."""

from typing import Any

from kombu.transport import redis


class QoS(redis.QoS):
    """Leaves messages of queues with `no_ack` alone; kombu's own acknowledges what was never recorded."""

    def ack(self, delivery_tag: str) -> None:
        if delivery_tag in self._delivered:
            super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if delivery_tag in self._delivered:
            super().reject(delivery_tag, requeue)


class Channel(redis.Channel):
    """Keeps its Redis client; making one anew for every message costs more than the message."""

    QoS = QoS
    kept: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:
        if asynchronous:
            return super()._create_client(asynchronous=True)
        if self.kept is None or self.kept.connection_pool is not self.pool:
            self.kept = super()._create_client()
        return self.kept


class Transport(redis.Transport):
    Channel = Channel
