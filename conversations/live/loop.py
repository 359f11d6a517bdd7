"""The one event loop of a worker process: hundreds of task threads wait, one loop streams for all of them."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")
_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def running_loop() -> asyncio.AbstractEventLoop:
    """The process's loop, in its own thread; started at first use, after any fork."""
    global _loop
    with _lock:
        if _loop is None:
            _loop = uvloop.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="live-loop", daemon=True).start()
        return _loop


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on the loop and wait for it in this thread; its exception is raised here."""
    return asyncio.run_coroutine_threadsafe(work, running_loop()).result()
