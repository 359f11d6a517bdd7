"""Doing at once what many threads ask for in the same moment."""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
MOST = 100
# A batch costs about as much for one as for ten. In a crowd each waits a little, so that more come together;
# the first ones after a rest do not.
BATCHES, WINDOW_SECONDS = 3, 0.12


class Together(Generic[K, V]):
    """Calls `work` with the keys of all threads that wait; while one batch is under way, the next gathers.

    Each thread gets what `work` returned for its keys, which stay in one batch. An exception reaches the
    whole batch. A key that two threads ask for in one batch goes to one of them.
    """

    def __init__(self, work: Callable[[list[K]], dict[K, V]]) -> None:
        self.work = work
        self.gathering = threading.Lock()
        self.working = threading.Lock()
        self.waiting: list[tuple[tuple[K, ...], Future[dict[K, V]]]] = []
        self.begun: deque[float] = deque(maxlen=BATCHES)

    def __call__(self, *keys: K) -> dict[K, V]:
        mine: Future[dict[K, V]] = Future()
        with self.gathering:
            self.waiting.append((keys, mine))
        with self.working:
            while not mine.done():
                self._serve()
        return mine.result()

    def _serve(self) -> None:
        self._gather()
        batch = self._next()
        try:
            found = self.work(list({key for keys, _ in batch for key in keys}))
            for keys, future in batch:
                future.set_result({key: found.pop(key) for key in keys if key in found})
        except BaseException as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)

    def _gather(self) -> None:
        """Let others join, where as many batches as may be were begun within the window."""
        if len(self.begun) == BATCHES:
            time.sleep(max(0.0, self.begun[0] + WINDOW_SECONDS - time.monotonic()))
        self.begun.append(time.monotonic())

    def _next(self) -> list[tuple[tuple[K, ...], Future[dict[K, V]]]]:
        """Those who waited longest, until they are MOST keys or a few more."""
        batch, room = [], MOST
        with self.gathering:
            while self.waiting and room > 0:
                batch.append(self.waiting.pop(0))
                room -= len(batch[-1][0])
        return batch
