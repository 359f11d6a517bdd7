"""A provider whose every byte a test decides, for what the fake provider would never send."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class Reply:
    """The answer to one request, written piece by piece."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self._handler = handler
        self.headers = handler.headers
        self.body: dict[str, Any] = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))

    def start(self, status: int = 200, **headers: str) -> None:
        self._handler.send_response(status)
        for name, value in {"content_type": "text/event-stream", **headers}.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()

    def line(self, text: str) -> None:
        self._handler.wfile.write(f"{text}\n\n".encode())
        self._handler.wfile.flush()

    def chunk(self, content: Any, **more: Any) -> None:
        """One event; half characters in `content` go out as JSON escapes."""
        choice = {"index": 0, "delta": {"content": content}, "finish_reason": None}
        self.line("data: " + json.dumps({"choices": [choice], **more}))

    def end(self, finish_reason: Any = "stop", **more: Any) -> None:
        choice = {"index": 0, "delta": {}, "finish_reason": finish_reason}
        self.line("data: " + json.dumps({"choices": [choice], **more}))
        self.line("data: [DONE]")


@contextmanager
def scripted(reply: Callable[[Reply], None]) -> Iterator[str]:
    """Serve `reply` to every request, each in a thread of its own; gives the base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            with suppress(OSError):  # the caller may leave
                reply(Reply(self))

        def log_message(self, *words: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
