"""Base of every part of a scenario file, and the types that parts share."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from trafficdiff.datatypes.vehicles import VEHICLE_TYPES

__all__ = [
    "DAY_S",
    "Latitude",
    "Longitude",
    "Part",
    "Period",
    "Point",
    "Seconds",
    "Share",
    "checked_path",
    "known_types",
]

DAY_S: Final = 86_400.0

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=2 * DAY_S)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Point = tuple[Longitude, Latitude]
"""Longitude and latitude [degrees, WGS 84]."""


class Part(BaseModel):
    """Base of every part: frozen, unknown keys refused, infinities refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, str_max_length=500)


class Period(Part):
    """A part of the simulated day."""

    begin_s: Seconds = Field(description="From here on [s of the day].")
    end_s: Seconds = Field(description="Until before here [s of the day].")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.end_s <= self.begin_s:
            raise ValueError(f"expected end_s after begin_s, got {self.begin_s:g} to {self.end_s:g}")
        return self


def checked_path(path: str) -> str:
    """Return a path that does not leave its folder.

    Raises
    ------
    ValueError
        If it has ``..`` in it.
    """
    if ".." in PurePosixPath(path.replace("\\", "/")).parts:
        raise ValueError(f"expected a path without '..', got {path!r}; give an absolute path or a city's name")
    return path


def known_types(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return names of vehicle types that travel with the package.

    Raises
    ------
    ValueError
        Naming the unknown ones.
    """
    if unknown := sorted(set(names) - set(VEHICLE_TYPES)):
        raise ValueError(f"expected vehicle types among {sorted(VEHICLE_TYPES)}, got {unknown}")
    return names
