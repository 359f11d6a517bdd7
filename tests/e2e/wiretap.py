"""Between a browser and the house: every byte that either sends, headers and streams of events included."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from urllib.parse import urlsplit

CHUNK = re.compile(rb"\r\n[0-9a-f]{1,6}\r\n")


@dataclass
class Tap:
    """One list of bytes for each direction of each connection."""

    url: str = ""
    taken: list[bytearray] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """All that went over the wire until now, in lower case; also as it reads without the marks of its
        pieces, so that no word hides across two of them."""
        whole = [bytes(part) for part in self.taken]
        return [
            part.decode("utf-8", "replace").lower() for raw in whole for part in (raw, CHUNK.sub(b"", raw))
        ]

    def found(self, words: set[str]) -> set[str]:
        looked_for = re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))
        return {found[0] for text in self.texts for found in looked_for.finditer(text)}


class Server(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64


@contextmanager
def tapped(url: str) -> Iterator[Tap]:
    """An address that leads to `url` by way of the tap."""
    there, tap = urlsplit(url), Tap()

    class Connection(BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection((there.hostname, there.port)) as server:
                up = Thread(target=_pump, args=(self.request, server, tap.taken), daemon=True)
                up.start()
                _pump(server, self.request, tap.taken)
                up.join(5)

    with Server(("127.0.0.1", 0), Connection) as server:
        tap.url = f"http://127.0.0.1:{server.server_address[1]}"
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        yield tap
        server.shutdown()


def _pump(source: socket.socket, target: socket.socket, taken: list[bytearray]) -> None:
    record = bytearray()
    taken.append(record)
    with suppress(OSError):  # either may leave
        while piece := source.recv(65_536):
            record += piece
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
