"""Read ``place.toml``, the card of a place: what it is called, where it lies, where its data come from."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from trafficdiff.datatypes.wording import in_words
from trafficdiff.errors import Faults, NetworkError
from trafficdiff.resources import bundled, bundled_places

__all__ = ["PLACE_FILE", "Place", "bundled_place", "read_place"]

PLACE_FILE: Final = "place.toml"

_MAXIMUM_BYTES: Final = 100_000


class Place(BaseModel):
    """Describe one place whose OSM extract lies beside its ``place.toml``."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, str_max_length=500)

    folder: Annotated[Path, Field(exclude=True)]
    name: Annotated[str, Field(min_length=1, description="Name for people.")]
    file: Annotated[str, Field(description="OSM file beside place.toml.")]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the file.")]
    box: Annotated[
        tuple[float, float, float, float],
        Field(description="West, south, east, north of what is built [degrees]."),
    ]
    crs: Annotated[str, Field(description="Projected CRS that the net is built in.")]
    time_zone: Annotated[str, Field(description="IANA time zone.")]
    date: Annotated[str, Field(description="When the OSM data were current, ISO 8601 UTC.")]
    source: Annotated[str, Field(description="Where the file comes from.")]
    licence: Annotated[str, Field(description="SPDX licence of the data.")]
    attribution: Annotated[str, Field(description="Whom to name wherever the data are shown.")]

    @field_validator("file")
    @classmethod
    def _beside(cls, file: str) -> str:
        if Path(file).name != file or file in {"", ".", ".."}:
            raise ValueError("expected a plain file name beside place.toml")
        return file

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError("expected an IANA time zone such as Europe/Helsinki")
        return zone

    @field_validator("box")
    @classmethod
    def _on_the_globe(cls, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        west, south, east, north = box
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise ValueError("expected west < east and south < north in degrees")
        return box

    @property
    def path(self) -> Path:
        """The OSM file; `checked_path` also compares its hash."""
        return self.folder / self.file

    def checked_path(self) -> Path:
        """Return the OSM file after comparing its hash.

        Raises
        ------
        NetworkError
            If it is missing or not the file that ``place.toml`` names.
        """
        from trafficdiff.roads.screen import sha256_of

        try:
            came = sha256_of(self.path)
        except OSError as error:
            raise NetworkError(
                f"{self.path}: expected the extract of {self.name}, got {error.strerror}; fetch it again: {self.source}"
            ) from error
        if came != self.sha256:
            raise NetworkError(
                f"{self.path}: expected the file with sha256 {self.sha256}, got {came}; "
                f"it was changed: fetch it again ({self.source}), or write the new hash into {PLACE_FILE}"
            )
        return self.path


def read_place(folder: Path) -> Place:
    """Read the ``place.toml`` of a folder; the extract is not opened.

    Raises
    ------
    NetworkError
        If it is missing, over 100 kB, not TOML, or has faults (all are listed).
    """
    path = folder / PLACE_FILE
    try:
        if path.stat().st_size > _MAXIMUM_BYTES:
            raise NetworkError(f"{path}: expected at most 100 kB, got {path.stat().st_size / 1e3:.0f} kB")
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NetworkError(f"{path}: expected a place card, got {error.strerror}; see networks/helsinki") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NetworkError(f"{path}: expected TOML in UTF-8, got {error}") from error
    try:
        return Place.model_validate({**content, "folder": folder})
    except ValidationError as error:
        faults = Faults(str(path))
        for fault in error.errors(include_url=False):
            faults.add(in_words(fault, place=fault["loc"]))
        faults.raise_if_any(NetworkError)
        raise  # pragma: no cover - a validation error always has faults


def bundled_place(name: str) -> Place | None:
    """Return a city that travels with the package by its folder's name, or None if there is no such city."""
    return read_place(bundled(f"networks/{name}")) if name in bundled_places() else None
