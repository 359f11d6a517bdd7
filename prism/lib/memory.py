"""Garbage collection that suits a server."""

import gc


def collect_rarely() -> None:
    """Call before modules are loaded: what they bring stays, and looking through it took a tenth."""
    gc.set_threshold(50_000, 20, 50)


def settle() -> None:
    """Call once when a long-running process is loaded.

    Everything a request makes dies by reference counting; the default thresholds would look through the whole
    heap of loaded modules many times a second.
    """
    gc.collect()
    gc.freeze()
    collect_rarely()
