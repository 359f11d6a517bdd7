"""The fake provider as an ASGI application, and ways to run it."""

import asyncio
import base64
import json
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from random import Random
from threading import Thread
from typing import Any

import uvicorn

from conversations.fakellm.calls import Call, Calls
from conversations.fakellm.completions import (
    GARBAGE_BODY,
    ChatRequest,
    Plan,
    build_body,
    build_frames,
    parse_request,
    plan_answer,
)
from conversations.fakellm.embeddings import DEFAULT_DIMENSIONS, embed
from conversations.fakellm.exchange import ApiError, ASGIApp, Exchange, Receive, Scope, Send
from conversations.fakellm.moderation import moderate
from conversations.fakellm.options import OptionError, Options, parse
from conversations.fakellm.personas import JUDGE, PERSONAS, Persona

_INSTANT = 1000.0
_MOST_DIMENSIONS = 4096
_BACKLOG = 4096
# What uvicorn reports as errors when a cut leaves a response unfinished or streams are open at the stop.
_ON_PURPOSE = ("returned without completing response", "timeout graceful shutdown exceeded")


def create_app(seed: int = 0, speed: float = 1.0) -> ASGIApp:
    """The provider; ``seed`` decides every text and chance, ``speed`` divides every wait."""
    return FakeProvider(seed, speed)


class FakeProvider:
    """Answers OpenAI's chat, embedding and model requests, and tells which calls it received."""

    def __init__(self, seed: int, speed: float) -> None:
        self._seed = seed
        self._speed = speed
        self._calls = Calls()
        self._routes: dict[tuple[str, str], Callable[[Exchange], Awaitable[None]]] = {
            ("GET", "/health"): self._tell_health,
            ("GET", "/calls"): self._list_calls,
            ("DELETE", "/calls"): self._forget_calls,
            ("GET", "/v1/models"): self._list_models,
            ("POST", "/v1/chat/completions"): self._complete,
            ("POST", "/v1/embeddings"): self._embed,
            ("POST", "/v1/moderations"): self._moderate,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        if scope["type"] != "http":
            return
        exchange = Exchange(scope, receive, send)
        try:
            await self._find_route(exchange)(exchange)
        except ApiError as error:
            await exchange.send_json(error.status, error.body, error.headers)
        finally:
            exchange.close()

    def _find_route(self, exchange: Exchange) -> Callable[[Exchange], Awaitable[None]]:
        route = self._routes.get((exchange.method, exchange.path))
        if route is None:
            raise ApiError(404, f"There is no {exchange.method} {exchange.path} here.")
        return route

    async def _tell_health(self, exchange: Exchange) -> None:
        await exchange.send_json(200, {"status": "ok"})

    async def _list_calls(self, exchange: Exchange) -> None:
        await exchange.send_json(200, self._calls.list())

    async def _forget_calls(self, exchange: Exchange) -> None:
        self._calls.forget()
        await exchange.send_json(200, [])

    async def _list_models(self, exchange: Exchange) -> None:
        models = [{"id": name, "object": "model", "created": 0, "owned_by": "fakellm"} for name in PERSONAS]
        await exchange.send_json(200, {"object": "list", "data": models})

    async def _complete(self, exchange: Exchange) -> None:
        request = parse_request(await exchange.read_json())
        with self._calls.record(request.model, exchange.header("x-prism-attempt")) as call:
            plan = self._plan(request)
            await (_stream if request.stream else _answer)(exchange, call, request, plan)

    def _plan(self, request: ChatRequest) -> Plan:
        persona, options = _find_model(request.model)
        fault = self._draw_fault(request.model, options)
        question = json.dumps([persona.id, request.messages], sort_keys=True)
        # Without a seed the second sample of a question differs from the first, and a restart repeats both.
        sample = f"nth {self._calls.count_question(question)}" if request.seed is None else request.seed
        rng = Random(f"{self._seed} {sample} {question}")
        return plan_answer(request, persona, options, fault, rng, self._speed)

    def _draw_fault(self, model: str, options: Options) -> str | None:
        """The fault that strikes this call. Raises ApiError where it is an HTTP error."""
        earlier = self._calls.count_model(model)
        luck = Random(f"{self._seed} {model} {earlier}")
        lucky = luck.random() >= options.p
        if options.fail is None or lucky or (options.times is not None and earlier >= options.times):
            return None
        fault = luck.choice(options.fail.split("+"))
        # As real providers do, it names the model, which must not reach anybody by this way.
        if fault == "429":
            raise ApiError(
                429,
                f"Too many requests for {model}; wait and try again.",
                "rate_limit_error",
                code="rate_limit_exceeded",
                headers={"retry-after": f"{options.retry:g}"},
            )
        if fault == "500":
            raise ApiError(500, f"The server of {model} had an error while answering.", "server_error")
        return fault

    async def _embed(self, exchange: Exchange) -> None:
        body = await exchange.read_json()
        model, texts, dimensions = _read_embedding(body)
        with self._calls.record(model, exchange.header("x-prism-attempt")) as call:
            self._draw_fault(model, _find_model(model)[1])
            as_bytes = body.get("encoding_format") == "base64"
            vectors = [_encode(text, dimensions, self._seed, as_bytes=as_bytes) for text in texts]
            items = [{"object": "embedding", "index": at, "embedding": v} for at, v in enumerate(vectors)]
            tokens = sum(len(text.split()) for text in texts)
            usage = {"prompt_tokens": tokens, "total_tokens": tokens}
            call.first_chunk = time.time()
            await exchange.send_json(200, {"object": "list", "model": model, "data": items, "usage": usage})
            call.state = "finished"

    async def _moderate(self, exchange: Exchange) -> None:
        """Any model will do; its options `first` and `fail` (429, 500, hang, garbage) work as for answers."""
        model, texts = _read_texts(await exchange.read_json())
        with self._calls.record(model, exchange.header("x-prism-attempt")) as call:
            options = _options(model)
            fault = self._draw_fault(model, options)
            if await exchange.wait(None if fault == "hang" else options.first or 0):
                call.state = "aborted"
                return
            results = "?" if fault == "garbage" else [moderate(text) for text in texts]
            call.first_chunk = time.time()
            await exchange.send_json(200, {"id": "modr-fake", "model": model, "results": results})
            call.state = "finished"


def _options(model: str) -> Options:
    try:
        return parse(model)[1]
    except OptionError as error:
        raise ApiError(400, str(error), param="model", code="invalid_option") from None


def _find_model(model: str) -> tuple[Persona, Options]:
    try:
        name, options = parse(model)
    except OptionError as error:
        raise ApiError(400, str(error), param="model", code="invalid_option") from None
    if name == JUDGE.id:
        return JUDGE, options
    if name not in PERSONAS:
        raise ApiError(404, f'There is no model "{name}".', param="model", code="model_not_found")
    return PERSONAS[name], options


async def _stream(exchange: Exchange, call: Call, request: ChatRequest, plan: Plan) -> None:
    frames = build_frames(request, plan)
    if not (plan.fault == "hang" and not frames):
        told = {"cache-control": "no-cache", "openai-model": request.model}
        await exchange.start(200, "text/event-stream; charset=utf-8", told)
    if not await _send_on_schedule(exchange, call, frames, plan):
        call.state = "aborted"
    else:
        await _end(exchange, call, plan)


async def _send_on_schedule(exchange: Exchange, call: Call, frames: list[bytes], plan: Plan) -> bool:
    """Send each frame at its own time from the start, so that delays do not add up; False if the caller left.

    Frames whose time has passed already go out in one write.
    """
    clock = asyncio.get_running_loop().time
    begin = clock() + plan.first
    sent = 0
    while sent < len(frames):
        if await exchange.wait(begin + sent * plan.gap - clock()):
            return False
        due = max(sent, int((clock() - begin) / plan.gap)) + 1
        await exchange.write(b"".join(frames[sent:due]))
        call.first_chunk = call.first_chunk or time.time()
        sent = due
    return True


async def _answer(exchange: Exchange, call: Call, request: ChatRequest, plan: Plan) -> None:
    if plan.fault == "hang":
        return await _end(exchange, call, plan)
    if await exchange.wait(plan.seconds):
        call.state = "aborted"
        return None
    body = GARBAGE_BODY if plan.fault == "garbage" else build_body(request, plan)
    await exchange.start(200, "application/json", {"content-length": str(len(body))})
    call.first_chunk = time.time()
    await exchange.write(body[: len(body) // 2] if plan.fault == "cut" else body)
    return await _end(exchange, call, plan)


async def _end(exchange: Exchange, call: Call, plan: Plan) -> None:
    if plan.fault == "hang":
        await exchange.wait(None)
        call.state = "aborted"
    elif plan.fault == "cut":
        # A response left unfinished makes the server drop the connection.
        call.state = "cut"
    else:
        await exchange.write(b"", more=False)
        call.state = "failed" if plan.fault == "garbage" else "finished"


def _read_embedding(body: dict[str, Any]) -> tuple[str, list[str], int]:
    model, texts = _read_texts(body)
    dimensions = body.get("dimensions") or DEFAULT_DIMENSIONS
    if not isinstance(dimensions, int) or not 1 <= dimensions <= _MOST_DIMENSIONS:
        message = f'"dimensions" must be a whole number from 1 to {_MOST_DIMENSIONS}.'
        raise ApiError(400, message, param="dimensions")
    return model, texts, dimensions


def _read_texts(body: dict[str, Any]) -> tuple[str, list[str]]:
    model, texts = body.get("model"), body.get("input")
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(model, str) or not model:
        raise ApiError(400, '"model" must be the id of a model.', param="model")
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise ApiError(400, '"input" must be a text or a list of texts.', param="input")
    return model, texts


def _encode(text: str, dimensions: int, seed: int, *, as_bytes: bool) -> str | list[float]:
    vector = embed(text, dimensions, seed)
    return base64.b64encode(vector.tobytes()).decode() if as_bytes else [float(x) for x in vector]


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address, port 0 for any free one. Raises OSError where it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def build_server(app: ASGIApp, log_level: str | None = None) -> uvicorn.Server:
    """A uvicorn server for the provider that keeps quiet about the answers it breaks off on purpose."""
    logging.getLogger("uvicorn.error").addFilter(_is_unexpected)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            lifespan="off",
            access_log=False,
            server_header=False,
            backlog=_BACKLOG,
            log_config=None,
            log_level=log_level,
            timeout_graceful_shutdown=1,
        )
    )


def _is_unexpected(record: logging.LogRecord) -> bool:
    if record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError):
        return False
    return not any(part in record.getMessage() for part in _ON_PURPOSE)


@contextmanager
def running(seed: int = 0, speed: float = _INSTANT) -> Iterator[str]:
    """Run the provider in a thread of this process on a free port; yields its base URL, ``http://…/v1``."""
    listener = listen("127.0.0.1", 0)
    server = build_server(create_app(seed, speed))
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="fakellm", daemon=True)
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    finally:
        server.should_exit = server.force_exit = True
        thread.join(timeout=10)
        listener.close()


def _wait_until_started(server: uvicorn.Server, thread: Thread) -> None:
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("The fake provider did not start; the log says why.")
        time.sleep(0.01)
