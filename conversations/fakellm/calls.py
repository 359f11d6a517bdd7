"""What the fake provider remembers of the calls it received, for tests that count them."""

import time
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

_REMEMBERED = 20_000


@dataclass(slots=True)
class Call:
    """One request for a model. Times are Unix seconds; ``attempt`` is the caller's X-Prism-Attempt header.

    ``state`` is running, then finished, cut (by a fault), failed (an error or garbage instead of an answer)
    or aborted (the caller went away).
    """

    model: str
    attempt: str | None
    started: float
    first_chunk: float | None = None
    finished: float | None = None
    state: str = "running"


class Calls:
    """The latest calls, and how often each model and each question has been seen."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start anew, as if the server had just been started."""
        self._calls: deque[Call] = deque(maxlen=_REMEMBERED)
        self._per_model: Counter[str] = Counter()
        self._per_question: OrderedDict[str, int] = OrderedDict()

    @contextmanager
    def record(self, model: str, attempt: str | None) -> Iterator[Call]:
        """A call that is under way inside the block; it has failed unless the block says otherwise."""
        call = Call(model, attempt, time.time())
        self._calls.append(call)
        try:
            yield call
        finally:
            call.finished = time.time()
            if call.state == "running":
                call.state = "failed"

    def count_model(self, model: str) -> int:
        """How many calls of exactly this model, options included, came before this one."""
        self._per_model[model] += 1
        return self._per_model[model] - 1

    def count_question(self, question: str) -> int:
        """How many times this question was asked before, as far as it is remembered."""
        seen = self._per_question.pop(question, 0)
        self._per_question[question] = seen + 1
        if len(self._per_question) > _REMEMBERED:
            self._per_question.popitem(last=False)
        return seen

    def list(self) -> list[dict[str, object]]:
        """All remembered calls, oldest first."""
        return [asdict(call) for call in self._calls]
