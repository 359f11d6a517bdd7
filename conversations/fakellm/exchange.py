"""One HTTP request and its response, on bare ASGI: the server must stay light under hundreds of streams."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

# Below this, a caller who left is noticed soon enough at the next chunk, which costs less than watching.
_WATCHED_WAIT = 0.2


class ApiError(Exception):
    """An answer in OpenAI's error shape instead of a result."""

    def __init__(
        self,
        status: int,
        message: str,
        kind: str = "invalid_request_error",
        *,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


class Exchange:
    """A request to read and a response to write."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self._headers = dict(scope["headers"])
        self._receive = receive
        self._send = send
        self._gone: asyncio.Task[None] | None = None

    def header(self, name: str) -> str | None:
        """A request header's value by its lower-case name."""
        value = self._headers.get(name.encode())
        return None if value is None else value.decode("latin-1")

    async def read_json(self) -> dict[str, Any]:
        """The request's body. Raises ApiError unless it is a JSON object."""
        try:
            body = json.loads(await self._read())
        except ValueError as error:
            raise ApiError(400, f"The body is not valid JSON: {error}.") from None
        if not isinstance(body, dict):
            raise ApiError(400, "The body must be a JSON object.")
        return body

    async def _read(self) -> bytes:
        parts, more = [], True
        while more:
            message = await self._receive()
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        return b"".join(parts)

    async def send_json(self, status: int, payload: Any, headers: Mapping[str, str] | None = None) -> None:
        """Answer with ``payload`` and be done."""
        body = json.dumps(payload).encode()
        await self.start(status, "application/json", {"content-length": str(len(body)), **(headers or {})})
        await self.write(body, more=False)

    async def start(self, status: int, content_type: str, headers: Mapping[str, str] | None = None) -> None:
        """Send the status and headers."""
        pairs = {"content-type": content_type, **(headers or {})}
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in pairs.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": encoded})

    async def write(self, body: bytes, *, more: bool = True) -> None:
        """Send a part of the body, the last one with ``more=False``."""
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def wait(self, seconds: float | None) -> bool:
        """Wait so long, or for ever with None; True as soon as it is known that the caller went away."""
        if self._gone is None:
            self._gone = asyncio.create_task(self._watch())
        if seconds is None or seconds > _WATCHED_WAIT:
            await asyncio.wait({self._gone}, timeout=seconds)
        else:
            await asyncio.sleep(max(seconds, 0))
        return self._gone.done()

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def close(self) -> None:
        """Stop watching the caller."""
        if self._gone is not None:
            self._gone.cancel()
