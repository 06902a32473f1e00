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

__all__ = ["KINDS", "JobKind", "JobRequest", "command_of", "directory_of", "fitting_name", "request_of"]

_NAME: Final = r"^[\w][\w ,()+-]*(?:\.[\w ,()+-]+)*$"
"""Letters, digits, spaces and , ( ) + - with single dots between: never a path, never hidden, no file ending alone."""
_LONGEST_NAME: Final = 80


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

    @model_validator(mode="after")
    def _fits_its_kind(self) -> JobRequest:
        kind = KINDS.get(self.kind)
        if kind is None:
            raise ValueError(f"expected a kind of job among {', '.join(KINDS)}, got {self.kind!r}")
        if not kind.fewest <= len(self.scenarios) <= kind.most:
            wanted = f"{kind.fewest}" if kind.fewest == kind.most else f"{kind.fewest} to {kind.most}"
            raise ValueError(f"expected {wanted} scenario files for {self.kind!r}, got {len(self.scenarios)}")
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
    goes_on
        Whether the same command goes on where an earlier one stopped; else it begins again.
    """

    folder: str
    words: Callable[[JobRequest], list[str]]
    fewest: int = 0
    most: int = 0
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


KINDS: Final[dict[str, JobKind]] = {
    "ensemble": JobKind(folder="studies", words=_ensemble, fewest=1, most=200, goes_on=True),
    "run": JobKind(folder="runs", words=lambda request: ["run", *map(_as_file, request.scenarios)], fewest=1, most=1),
    "demo": JobKind(folder="runs", words=lambda _: ["demo"]),
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
