"""Doing at once what many threads ask for in the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
MOST = 100


class Together(Generic[K, V]):
    """Calls `work` with the keys of all threads that wait; while one batch is under way, the next gathers.

    Each thread gets what `work` returned for its key, or None. An exception reaches the whole batch.
    A key that two threads ask for in one batch goes to one of them.
    """

    def __init__(self, work: Callable[[list[K]], dict[K, V]]) -> None:
        self.work = work
        self.gathering = threading.Lock()
        self.working = threading.Lock()
        self.waiting: list[tuple[K, Future[V | None]]] = []

    def __call__(self, key: K) -> V | None:
        mine: Future[V | None] = Future()
        with self.gathering:
            self.waiting.append((key, mine))
        with self.working:
            while not mine.done():
                self._serve()
        return mine.result()

    def _serve(self) -> None:
        with self.gathering:
            batch, self.waiting = self.waiting[:MOST], self.waiting[MOST:]
        try:
            found = self.work(list({key for key, _ in batch}))
            for key, future in batch:
                future.set_result(found.pop(key, None))
        except BaseException as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
