"""Whose turn it is at a web process: short requests before long ones, and nobody waits for ever."""

import asyncio
import heapq
import itertools
import re
import time
from collections import OrderedDict

# Who takes 5 ms of processor time may be overtaken for ten seconds by those that take none.
PATIENCE = 2000.0
MOST_PATIENCE_SECONDS = 20.0
UNKNOWN_SECONDS = {"GET": 0.005, "POST": 0.02}
# The first of a kind loads templates and the like, so a costly one counts little and a cheap one much.
CHEAPER_WEIGHS, DEARER_WEIGHS = 0.5, 0.05
MOST_KINDS = 500
_OWN = re.compile(r"/[^/]*\d[^/]*|/[^/]{30,}")


def kind_of(method: str, path: str) -> str:
    """Requests that should cost alike: parts with digits, such as codes and numbers, count as the same."""
    return f"{method} {_OWN.sub('/*', path)[:200]}"


class Costs:
    """Seconds of processor time that requests of each kind take when nothing special happens."""

    def __init__(self) -> None:
        self.seconds: OrderedDict[str, float] = OrderedDict()

    def expected(self, kind: str) -> float:
        unknown = UNKNOWN_SECONDS.get(kind.partition(" ")[0], UNKNOWN_SECONDS["POST"])
        return self.seconds.get(kind, unknown)

    def learn(self, kind: str, seconds: float) -> None:
        apart = seconds - self.expected(kind)
        self.seconds[kind] = self.expected(kind) + apart * (DEARER_WEIGHS if apart > 0 else CHEAPER_WEIGHS)
        self.seconds.move_to_end(kind)
        if len(self.seconds) > MOST_KINDS:
            self.seconds.popitem(last=False)


class Turns:
    """`number` requests at a time on one event loop; the others wait in the order of their due times.

    A request is due when it came in plus PATIENCE times what its kind costs. So where many send a message at
    the same moment, somebody else's short page is not the last in the queue.
    """

    def __init__(self, number: int) -> None:
        self.free = number
        self.costs = Costs()
        self.waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self.number = itertools.count()

    async def acquire(self, kind: str | None = None) -> bool:
        """True once it is this one's turn; work of no kind goes on where it was, and is due at once."""
        if self.free:
            self.free -= 1
            return True
        cost = self.costs.expected(kind) if kind else 0.0
        due = time.monotonic() + min(PATIENCE * cost, MOST_PATIENCE_SECONDS)
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self.waiting, (due, next(self.number), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()  # it came just as nobody wanted it any more
            raise
        return True

    def release(self) -> None:
        while self.waiting:
            _, _, turn = heapq.heappop(self.waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self.free += 1
