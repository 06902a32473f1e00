"""Read vehicle types and their distributions out of SUMO files, and say which type each vehicle has."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.vehicles import IGNORING, VehicleType
from trafficdiff.errors import Faults, TripError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TypeBook"]

_DEFAULTS: Final = {
    "DEFAULT_VEHTYPE": "passenger",
    "DEFAULT_BIKETYPE": "bicycle",
    "DEFAULT_TAXITYPE": "taxi",
    "DEFAULT_RAILTYPE": "rail",
}
"""Types that SUMO 1.28 defines by itself, and their classes (``MSVehicleControl::initDefaultTypes``)."""

_TELLING: Final = frozenset(
    {"bicycle", "bus", "coach", "delivery", "emergency", IGNORING, "motorcycle", "taxi", "trailer", "tram", "truck"}
)
"""Names of vehicle classes that say what a type of the same name is; ``private``, say, is an everyday word."""

_GOLDEN: Final = (5**0.5 - 1) / 2


@dataclass
class TypeBook:
    """Collect the vehicle types of one or more files.

    Parameters
    ----------
    types
        By id, in the order in which they were met.
    distributions
        Member ids and their probabilities by distribution id.
    warnings
        What was not read, or had to be assumed, one sentence each.
    """

    types: dict[str, VehicleType] = field(default_factory=dict)
    distributions: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def add(self, element: Any, faults: Faults) -> None:
        """Take in a ``vType`` or a ``vTypeDistribution``."""
        if element.tag == "vType":
            self._add_type(element, faults)
            return
        members = [(child.get("id", ""), child.get("probability", "1")) for child in element.iterchildren("vType")]
        for child in element.iterchildren("vType"):
            self._add_type(child, faults)
        named = element.get("vTypes", "").split()
        members += zip(named, element.get("probabilities", "1 " * len(named)).split(), strict=False)
        try:
            weights = [(name, float(probability)) for name, probability in members]
        except ValueError:
            weights = []
        total = sum(weight for _, weight in weights)
        if not (np.isfinite(total) and total > 0) or min(weight for _, weight in weights) < 0:
            faults.add(
                f"vehicle type distribution {element.get('id')!r}: expected members with probabilities, got none"
            )
            return
        self.distributions[element.get("id", "")] = weights

    def _add_type(self, element: Any, faults: Faults) -> None:
        attributes = {str(key): str(value) for key, value in element.attrib.items()}
        name = attributes.pop("id", "")
        vehicle_class = attributes.pop("vClass", _DEFAULTS.get(name, "passenger"))
        attributes.pop("probability", None)
        parameters = {child.get("key", ""): child.get("value", "") for child in element.iterchildren("param")}
        if models := sorted({str(child.tag) for child in element if child.tag != "param"}):
            self.warnings.append(f"vehicle type {name!r}: its nested elements {', '.join(models)} are not read")
        try:
            self.types[name] = VehicleType(name, vehicle_class, attributes, parameters)
        except TripError as error:
            faults.add(str(error))

    def assign(self, names: list[str], faults: Faults) -> tuple[tuple[VehicleType, ...], NDArray[np.int32]]:
        """Return the types, and the position of each vehicle's type among them, shape (T,).

        A vehicle whose type is a distribution gets one of its members: the k-th such vehicle takes the member at
        the fractional part of k times the golden ratio, which keeps every stretch of vehicles close to the
        probabilities without chance (Weyl's sequence). A type that no file describes gets the vehicle class of
        the same name if it is one of a few telling ones, or else is a passenger car; a warning says so.
        """
        kinds = np.array(names, object)
        for name, members in self.distributions.items():
            vehicles = np.flatnonzero(kinds == name)
            shares = np.cumsum([weight for _, weight in members])
            place = np.searchsorted(shares / shares[-1], (np.arange(len(vehicles)) + 0.5) * _GOLDEN % 1, side="right")
            kinds[vehicles] = np.array([member for member, _ in members], object)[np.minimum(place, len(members) - 1)]
        known = dict(self.types)
        for name, count in Counter(kinds.tolist()).items():
            if name not in known:
                known[name] = self._stand_in(name, count, faults)
        if not names:
            faults.add("expected vehicles, got none; is this the right file?")
        positions = {name: place for place, name in enumerate(known)}
        return tuple(known.values()), np.array([positions[name] for name in kinds], np.int32)

    def _stand_in(self, name: str, count: int, faults: Faults) -> VehicleType:
        if name in _DEFAULTS:
            return VehicleType(name, _DEFAULTS[name])
        vehicle_class = name if name in _TELLING else "passenger"
        self.warnings.append(
            f"vehicle type {name!r} of {count} vehicles is not described; taken as SUMO's default of class "
            f"{vehicle_class!r} (type_files may add the file that describes it)"
        )
        try:
            return VehicleType(name, vehicle_class)
        except TripError as error:
            if str(error) not in faults.messages:
                faults.add(str(error))
            return VehicleType(vehicle_class, vehicle_class)
