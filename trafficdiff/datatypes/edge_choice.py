"""Choose roads by id, street name, box, polygon or class; everything that is given must hold.

::

    where:
      streets: [Mannerheimintie]        # any of these names
      classes: [primary, secondary]     # and any of these classes
      box: [24.93, 60.16, 24.95, 60.17] # and the middle of the road inside
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from trafficdiff.datatypes.part import Part, Point

__all__ = ["Area", "EdgeChoice"]

_Name = Annotated[str, Field(min_length=1, max_length=200)]
_Ring = Annotated[tuple[Point, ...], Field(min_length=3, max_length=1_000)]


class Area(Part):
    """A part of the map: a box, a polygon, or what lies in both."""

    box: tuple[float, float, float, float] | None = Field(
        None, description="West, south, east, north [degrees, WGS 84]."
    )
    polygon: _Ring | None = Field(None, description="Corners as [longitude, latitude] [degrees, WGS 84].")

    @model_validator(mode="after")
    def _is_an_area(self) -> Self:
        if self.box is not None:
            west, south, east, north = self.box
            if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
                raise ValueError(f"expected a box as west < east, south < north in degrees, got {list(self.box)}")
        names = sorted(type(self).model_fields)
        if all(getattr(self, name) is None for name in names):
            raise ValueError(f"expected at least one of {', '.join(names)}, got none of them")
        return self


class EdgeChoice(Area):
    """Roads that are chosen by what they are called, where they are and what they are. All that is given must hold."""

    edges: Annotated[tuple[_Name, ...], Field(min_length=1, max_length=100_000)] | None = Field(
        None, description="Ids of the net's edges."
    )
    streets: Annotated[tuple[_Name, ...], Field(min_length=1, max_length=1_000)] | None = Field(
        None, description="Street names, as the map writes them; capitals do not matter."
    )
    classes: Annotated[tuple[_Name, ...], Field(min_length=1, max_length=50)] | None = Field(
        None, description="Road classes of OpenStreetMap, such as residential."
    )
