"""Say where a number that a measure holds comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trafficdiff.datatypes.effect import Declared

if TYPE_CHECKING:
    from trafficdiff.datatypes.part import Part

__all__ = ["GIVEN", "declared_by"]

GIVEN = "given in the scenario"


def declared_by(measure: Part, **units: str) -> dict[str, Declared]:
    """Return numbers of a measure with their sources: the scenario, or what the schema says where it is the default.

    A number that is given and equals the default has the default's source: written out or not, the scenario is the
    same one.

    Parameters
    ----------
    measure
        Holds the numbers.
    units
        Unit by the name of the field.
    """
    fields = type(measure).model_fields
    return {
        name: Declared(
            value=float(getattr(measure, name)),
            unit=unit,
            source=str(fields[name].description) if getattr(measure, name) == fields[name].default else GIVEN,
        )
        for name, unit in units.items()
    }
