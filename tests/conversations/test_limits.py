import asyncio

from conversations.fakellm.server import running
from conversations.live.calls import Call, Ending
from conversations.live.provider import stream


def call(base_url: str, most_at_once: int) -> Call:
    return Call(
        base_url=base_url,
        api_key="",
        model="aurora-7b;first=0.05;rate=100;chunks=5",
        messages=({"role": "user", "content": "hello"},),
        parameters={},
        seed=1,
        silence_seconds=10,
        attempt="1.1",
        provider=7,
        most_at_once=most_at_once,
    )


async def most_at_once(base_url: str, limit: int, awaited: int) -> int:
    """How many of six calls were under way together; each stays open until `awaited` have been."""
    now, most = 0, 0
    have_met = asyncio.Event()

    async def one() -> None:
        nonlocal now, most
        is_first = True
        async for _ in stream(call(base_url, limit), Ending()):
            if is_first:
                is_first = False
                now += 1
                most = max(most, now)
                if now == awaited:
                    have_met.set()
                await asyncio.wait_for(have_met.wait(), timeout=60)
        now -= 1

    await asyncio.gather(*(one() for _ in range(6)))
    return most


def test_no_more_calls_are_under_way_than_the_provider_allows():
    with running(speed=1.0) as base_url:
        assert asyncio.run(most_at_once(base_url, 2, awaited=2)) == 2


def test_without_a_limit_all_calls_are_made_at_once():
    with running(speed=1.0) as base_url:
        assert asyncio.run(most_at_once(base_url, 0, awaited=6)) == 6
