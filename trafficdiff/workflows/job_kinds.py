"""List what can be started as a job: its command, where its result goes, what it needs. A new kind is one more row."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "KINDS", "GuidedWishes", "JobKind", "JobRequest", "command_of", "directory_of", "fitting_name", "request_of",
]  # fmt: skip

_NAME: Final = r"^[\w][\w ,()+-]*(?:\.[\w ,()+-]+)*$"
"""Letters, digits, spaces and , ( ) + - with single dots between: never a path, never hidden, no file ending alone."""
_LONGEST_NAME: Final = 80


class GuidedWishes(BaseModel):
    """Say what ``trafficdiff scenes make guided`` is asked for; see `trafficdiff.workflows.scenes_guide`.

    Parameters
    ----------
    source
        A run inside the folder that all work in, relative to it.
    count, seed
        Cases, and of everything random.
    ttc_s
        Lowest and highest time to collision [s].
    at, radius_m
        Longitude and latitude of a place in the run [degrees, WGS 84], and who is there [m]; None for anywhere.
    angle_deg
        Heading of the opponent against the ego's [degrees]; None for any.
    budget_nats
        How far a scene may be led [nat].
    keep_others
        Whether all but ego and opponent go on as they were recorded.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    source: Annotated[str, Field(min_length=1, max_length=1_000)]
    count: Annotated[int, Field(ge=1, le=10_000)] = 10
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    ttc_s: tuple[Annotated[float, Field(gt=0, le=10)], Annotated[float, Field(gt=0, le=10)]] = (1.0, 1.0)
    at: tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]] | None = None
    radius_m: Annotated[float, Field(gt=0, le=5_000)] | None = None
    angle_deg: Annotated[float, Field(ge=-180, le=180)] | None = None
    budget_nats: Annotated[float, Field(ge=0, le=1_000)] | None = None
    keep_others: bool = False

    def words(self) -> list[str]:
        """Return what comes after ``trafficdiff``, without the place of the result."""
        low_s, high_s = self.ttc_s
        given = {
            "--from": _as_file(self.source), "--count": self.count, "--seed": self.seed,
            "--ttc": f"{low_s:g}:{high_s:g}", "--at": None if self.at is None else f"{self.at[0]:.6f},{self.at[1]:.6f}",
            "--radius": None if self.at is None else self.radius_m, "--angle": self.angle_deg,
            "--budget": self.budget_nats,
        }  # fmt: skip
        options = [f"{name}={_written(value)}" for name, value in given.items() if value is not None]
        return ["scenes", "make", "guided", *options, *(["--keep-others"] if self.keep_others else [])]


class JobRequest(BaseModel):
    """Say what somebody wants to have made.

    Parameters
    ----------
    kind
        A row of `KINDS`.
    name
        Of the result, a folder below that of its kind.
    scenarios
        Scenario files, relative to the folder that all work in; the first is the base.
    samples, workers, base
        As ``trafficdiff ensemble`` takes them.
    until, half_width, relative
        Its rule to stop early.
    guided
        What ``trafficdiff scenes make guided`` takes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: str
    name: Annotated[str, Field(pattern=_NAME, max_length=_LONGEST_NAME)]
    scenarios: tuple[Annotated[str, Field(min_length=1, max_length=1_000)], ...] = ()
    samples: Annotated[int, Field(ge=1, le=10_000)] | None = None
    workers: Annotated[int, Field(ge=1, le=1_000)] | None = None
    base: Annotated[str, Field(max_length=80)] | None = None
    until: Annotated[str, Field(pattern=r"^[a-z_0-9]+$", max_length=80)] | None = None
    half_width: Annotated[float, Field(gt=0)] | None = None
    relative: bool = False
    guided: GuidedWishes | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> JobRequest:
        kind = KINDS.get(self.kind)
        if kind is None:
            raise ValueError(f"expected a kind of job among {', '.join(KINDS)}, got {self.kind!r}")
        if not kind.fewest <= len(self.scenarios) <= kind.most:
            wanted = f"{kind.fewest}" if kind.fewest == kind.most else f"{kind.fewest} to {kind.most}"
            raise ValueError(f"expected {wanted} scenario files for {self.kind!r}, got {len(self.scenarios)}")
        if kind.guided != (self.guided is not None):
            raise ValueError(f"expected {'wishes' if kind.guided else 'no wishes'} for scenes with {self.kind!r}")
        if (self.until is None) != (self.half_width is None):
            raise ValueError("expected the number to stop by (until) and half_width together, got one of them")
        return self


@dataclass(frozen=True, kw_only=True)
class JobKind:
    """Say how a kind of job is done.

    Parameters
    ----------
    folder
        Where its results lie.
    words
        What comes after ``trafficdiff`` for a request, without the place of the result.
    fewest, most
        Scenario files that it takes.
    guided
        Whether it takes wishes for scenes.
    goes_on
        Whether the same command goes on where an earlier one stopped; else it begins again.
    """

    folder: str
    words: Callable[[JobRequest], list[str]]
    fewest: int = 0
    most: int = 0
    guided: bool = False
    goes_on: bool = False


def _ensemble(request: JobRequest) -> list[str]:
    given = {
        "--samples": request.samples,
        "--workers": request.workers,
        "--base": request.base,
        "--until": request.until,
        "--half-width": request.half_width,
    }
    options = [word for name, value in given.items() if value is not None for word in (name, _written(value))]
    relative = ["--relative"] if request.relative and request.until is not None else []
    return ["ensemble", *map(_as_file, request.scenarios), *options, *relative]


def _guided(request: JobRequest) -> list[str]:
    assert request.guided is not None
    return request.guided.words()


KINDS: Final[dict[str, JobKind]] = {
    "ensemble": JobKind(folder="studies", words=_ensemble, fewest=1, most=200, goes_on=True),
    "run": JobKind(folder="runs", words=lambda request: ["run", *map(_as_file, request.scenarios)], fewest=1, most=1),
    "demo": JobKind(folder="runs", words=lambda _: ["demo"]),
    "guided": JobKind(folder="scenes", words=_guided, guided=True),
}
"""Every kind by its name."""


def request_of(**wishes: object) -> JobRequest:
    """Return a request.

    Raises
    ------
    InputError
        Listing everything that is wrong with it.
    """
    try:
        return JobRequest.model_validate(wishes)
    except ValidationError as error:
        faults = Faults("job")
        for fault in error.errors(include_url=False):
            place = ".".join(map(str, fault["loc"]))
            said = str(fault.get("ctx", {}).get("error", "")) or fault["msg"]
            if fault["type"] == "string_pattern_mismatch" and place == "name":
                said = f"expected letters, digits, spaces and . , ( ) + - from a letter on, got {fault['input']!r}"
            faults.add(f"{place}: {said}" if place else said)
        faults.raise_if_any(InputError)
        raise  # pragma: no cover - a validation error always has faults


def command_of(request: JobRequest) -> tuple[str, ...]:
    """Return the words after ``trafficdiff``; paths start at the folder that all work in."""
    return (*KINDS[request.kind].words(request), "-o", directory_of(request))


def directory_of(request: JobRequest) -> str:
    """Return where the result goes, relative to the folder that all work in."""
    return f"{KINDS[request.kind].folder}/{request.name}"


def fitting_name(text: str) -> str:
    """Return a name for a result that is as close to a text as names may be; empty if nothing is left of it."""
    plain = re.sub(r"[^\w ,()+-]+", " ", unicodedata.normalize("NFC", text))
    return re.sub(r"\s+", " ", plain).strip(" ,()+-")[:_LONGEST_NAME].strip()


def _as_file(name: str) -> str:
    """Return a path that no program takes for an option."""
    return f"./{name}" if name.startswith("-") else name


def _written(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)
