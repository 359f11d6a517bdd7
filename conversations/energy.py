"""The energy that an answer took and the greenhouse gases of it, as a range. Pure: figures in, figures out.

Computed by EcoLogits (https://ecologits.ai, MPL-2.0) from size and tokens; its calls to providers are not
used. What nobody outside a data centre knows is not guessed as one number: how many answers a server writes
at once, and what cooling takes, go in as a lowest and a highest value, as does the size of a closed model.
"""

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, Literal

WORLD = "WOR"
# Answers that a server writes at once: EcoLogits assumes 64; the fewer, the more each of them takes.
ANSWERS_AT_ONCE = (128, 32)
# Power of the whole data centre for each watt of its servers: the span of the providers EcoLogits knows.
OVERHEAD = (1.09, 1.20)
LAMP_WATTS = 5


@dataclass(frozen=True)
class Range:
    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high < math.inf:
            raise ValueError(f"{self.low} to {self.high} is no range")

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.high + other.high)

    def times(self, factor: float) -> "Range":
        return Range(self.low * factor, self.high * factor)

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2


@dataclass(frozen=True)
class Size:
    """Billions of parameters: all, and those used for each token. `source` says whose figures they are."""

    total: Range
    active: Range
    source: Literal["registry", "ecologits"]


@dataclass(frozen=True)
class Estimate:
    """Watt-hours, and grams of CO2 equivalents of the electricity and of a share in making the machines."""

    wh: Range
    grams: Range

    def __add__(self, other: "Estimate") -> "Estimate":
        return Estimate(self.wh + other.wh, self.grams + other.grams)

    @property
    def lamp_minutes(self) -> Range:
        """How long a lamp of 5 W shines with that much electricity."""
        return self.wh.times(60 / LAMP_WATTS)


@dataclass(frozen=True)
class Method:
    """What an estimate rests on, to be said beside it."""

    version: str
    answers_at_once: tuple[int, int]
    overhead: tuple[float, float]


def method() -> Method:
    return Method(_library().version, ANSWERS_AT_ONCE, OVERHEAD)


def size_of(billions: float | None, active_billions: float | None, identifier: str = "") -> Size | None:
    """The size that the registry has, else what EcoLogits assumes for a model of this name, else None."""
    if billions:
        active = min(active_billions or billions, billions)
        return Size(Range(billions, billions), Range(active, active), "registry")
    return _library().sizes.get(identifier.rpartition("/")[2].lower())


def estimate(
    size: Size | None, tokens: int | None, seconds: float | None = None, zone: str = ""
) -> Estimate | None:
    """For `tokens` written, reasoning too, in `seconds` of a call; None where size or tokens are unknown.

    `zone` is the country of the servers (ISO 3166-1 alpha-3); an unknown one counts as the whole world.
    """
    if size is None or not tokens:
        return None
    least = _at(size.active.low, size.total.low, tokens, seconds, zone, place=0)
    most = _at(size.active.high, size.total.high, tokens, seconds, zone, place=1)
    return Estimate(Range(least[0], most[0]), Range(least[1], most[1]))


def per_thousand_tokens(size: Size | None, zone: str = "") -> Estimate | None:
    """What models are compared by, whatever the length of their answers."""
    return estimate(size, 1000, zone=zone)


def together(parts: Iterable[Estimate | None]) -> Estimate | None:
    """The sum; None where one of them is unknown, or there is none: what is unknown is no zero."""
    known: list[Estimate] = []
    for part in parts:
        if part is None:
            return None
        known.append(part)
    return sum(known[1:], known[0]) if known else None


def zones() -> frozenset[str]:
    """The countries whose electricity EcoLogits knows, by their code of three letters."""
    return frozenset(_library().mixes) - {WORLD}


@lru_cache(maxsize=50_000)
def _at(
    active: float, total: float, tokens: int, seconds: float | None, zone: str, *, place: int
) -> tuple[float, float]:
    """Watt-hours and grams with the lower (`place` 0) or the higher (1) of what is assumed."""
    library = _library()
    mix = library.mixes.get(zone) or library.mixes[WORLD]
    found = library.compute(
        model_active_parameter_count=active,
        model_total_parameter_count=total,
        output_token_count=tokens,
        request_latency=math.inf if seconds is None else seconds,
        if_electricity_mix_adpe=mix.adpe,
        if_electricity_mix_pe=mix.pe,
        if_electricity_mix_gwp=mix.gwp,
        if_electricity_mix_wue=mix.wue,
        datacenter_pue=OVERHEAD[place],
        datacenter_wue=0,  # of water, which is not estimated here
        batch_size=ANSWERS_AT_ONCE[place],
    )
    kilograms = found["request_usage_gwp"] + found["request_embodied_gwp"]
    return found["request_energy"] * 1000, kilograms * 1000


@lru_cache(maxsize=1)
def _library() -> Any:
    """EcoLogits' formulas and tables. Loaded when first needed: it takes a third of a second."""
    usual = logging.getLoggerClass()
    try:
        import ecologits
        from ecologits.electricity_mix_repository import electricity_mixes
        from ecologits.impacts.llm import compute_llm_impacts_dag
        from ecologits.model_repository import models
    finally:
        logging.setLoggerClass(usual)  # it puts a class of its own in place for everybody's loggers
    return SimpleNamespace(
        version=ecologits.__version__,
        compute=compute_llm_impacts_dag,
        mixes={mix.zone: mix for mix in electricity_mixes.list_electricity_mixes()},
        sizes=_sizes(models.list_models()),
    )


def _sizes(models: Iterable[Any]) -> dict[str, Size]:
    """By name; a name that several makers use for models of different sizes is in none."""
    found: dict[str, set[Size]] = {}
    for model in models:
        parameters = model.architecture.parameters
        total, active = getattr(parameters, "total", parameters), getattr(parameters, "active", parameters)
        name = model.name.rpartition("/")[2].lower()
        found.setdefault(name, set()).add(Size(_range(total), _range(active), "ecologits"))
    return {name: sizes.pop() for name, sizes in found.items() if len(sizes) == 1}


def _range(value: Any) -> Range:
    """EcoLogits has a number where a size was published, and an interval where it is assumed."""
    return Range(getattr(value, "min", value), getattr(value, "max", value))
