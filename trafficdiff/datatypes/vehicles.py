"""Name SUMO's vehicle classes as bits, and describe vehicle types.

A set of classes is a 64-bit mask, so that permissions of a whole net are one array and a legality
check is one bitwise *and*.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.identifiers import is_refused
from trafficdiff.errors import InputError, TripError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

__all__ = [
    "ALL_CLASSES",
    "CYCLING_MS",
    "IGNORING",
    "VEHICLE_CLASSES",
    "VEHICLE_TYPES",
    "WALKING_CLASSES",
    "VehicleType",
    "class_bit",
    "class_mask",
    "class_names",
    "masks_of",
]

VEHICLE_CLASSES: Final[tuple[str, ...]] = (
    "private", "emergency", "authority", "army", "vip", "passenger", "hov", "taxi", "bus", "coach",
    "delivery", "truck", "trailer", "tram", "rail_urban", "rail", "rail_electric", "rail_fast",
    "motorcycle", "moped", "bicycle", "pedestrian", "evehicle", "ship", "container", "cable_car",
    "subway", "aircraft", "wheelchair", "scooter", "drone", "custom1", "custom2",
)  # fmt: skip
"""Abstract vehicle classes of SUMO 1.28 (``SUMOVehicleClass.h``); the position is the bit."""

ALL_CLASSES: Final[int] = (1 << len(VEHICLE_CLASSES)) - 1
IGNORING: Final = "ignoring"
"""The class that may use every lane whatever its permissions (``SVC_IGNORING``)."""
WALKING_CLASSES: Final = ("pedestrian", "wheelchair")
"""Classes of those who walk."""
_BIT: Final[dict[str, int]] = {name: 1 << bit for bit, name in enumerate(VEHICLE_CLASSES)}


def class_bit(name: str) -> int:
    """Return the bit of one vehicle class.

    Raises
    ------
    InputError
        If SUMO does not know the class.
    """
    if name not in _BIT:
        raise InputError(
            f"expected one of SUMO's vehicle classes, got {name!r}; use one of {', '.join(VEHICLE_CLASSES)}"
        )
    return _BIT[name]


def class_mask(names: Iterable[str]) -> int:
    """Return the bit mask of vehicle class names; names that SUMO has dropped are ignored."""
    mask = 0
    for name in names:
        mask |= _BIT.get(name, 0)
    return mask


def class_names(mask: int) -> list[str]:
    """Return the names of the classes in a bit mask."""
    return [name for name, bit in _BIT.items() if mask & bit]


def _finite_or_text(value: str) -> bool:
    try:
        return math.isfinite(float(value))
    except ValueError:
        return True


@dataclass(frozen=True)
class VehicleType:
    """Describe one SUMO vehicle type.

    Parameters
    ----------
    name
        SUMO's ``vType`` id.
    vehicle_class
        One of `VEHICLE_CLASSES`, or ``"ignoring"``; it decides which lanes the vehicle may use.
    attributes
        Further ``vType`` attributes, written as they are (``emissionClass``, ``length`` [m], ...).
    parameters
        Generic parameters of the type (``has.battery.device``, ...).

    Raises
    ------
    TripError
        If SUMO refuses the name, the class is unknown to it, or an attribute is not finite where it is a number.
    """

    name: str
    vehicle_class: str = "passenger"
    attributes: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if is_refused(self.name):
            raise TripError(
                f"vehicle type {self.name!r}: expected an id that SUMO takes (not empty, no spaces, none of "
                "| \\ ' \" ; , < > &), got one that it refuses; rename it"
            )
        if self.vehicle_class not in _BIT and self.vehicle_class != IGNORING:
            raise TripError(
                f"vehicle type {self.name!r}: expected one of SUMO's vehicle classes, got "
                f"{self.vehicle_class!r}; use one of {', '.join(VEHICLE_CLASSES)}"
            )
        for key, value in self.attributes.items():
            if not _finite_or_text(value):
                raise TripError(
                    f"vehicle type {self.name!r}: expected a finite {key}, got {value!r}; "
                    "SUMO accepts it in silence and then computes with it"
                )

    @property
    def free_speed_ms(self) -> float:
        """Speed that riders of bicycles wish for on average [m/s]; infinite for motor vehicles."""
        if self.vehicle_class != "bicycle":
            return math.inf
        return float(self.attributes.get("desiredMaxSpeed", CYCLING_MS))

    @property
    def mask(self) -> int:
        """Bit of the vehicle class; all bits for the class that ignores permissions."""
        return ALL_CLASSES if self.vehicle_class == IGNORING else _BIT[self.vehicle_class]


def masks_of(types: Sequence[VehicleType], index: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return the class bit of each vehicle, shape (T,), from its position in the types."""
    return np.asarray(np.array([kind.mask for kind in types], np.int64)[index])


def _loss_map() -> str:
    """Return the power lost in the electric car's motor and inverter [W] by speed [1/min] and torque [Nm].

    Copper losses grow with the square of the torque (0.0901 W/(Nm)2), iron losses with the speed; both are fitted to
    the standstill column and the zero-torque row of the VW ID.3's published map (Koch et al. 2021, DOI
    10.1109/ITSC48978.2021.9564463; SUMO's data/emissions/MMPEVEM/VW_ID3.xml). Format of SUMO's characteristic map:
    dimensions, axes, then values with the first axis running fastest.
    """
    iron_w = {0: 0.0, 1655: 447.0, 3310: 1297.0, 4965: 2429.0, 9931: 3178.0, 16000: 4980.0}
    torques = range(-300, 301, 50)
    values = [round(0.0901 * torque**2 + loss) for torque in torques for loss in iron_w.values()]
    axes = f"{','.join(map(str, iron_w))};{','.join(map(str, torques))}"
    return f"2,1|{axes}|{','.join(map(str, values))}"


CYCLING_MS: Final = 5.56
"""Free speed of people on bicycles on average [m/s]: 20 km/h, SUMO 1.28's own default; each has a factor of his own."""

VEHICLE_TYPES: Final[dict[str, VehicleType]] = {
    "car": VehicleType("car", "passenger", {"emissionClass": "HBEFA4/PC_petrol_Euro-6ab"}),
    "electric_car": VehicleType(
        "electric_car",
        "passenger",
        {"emissionClass": "MMPEVEM", "mass": "1794"},
        {
            "maximumTorque": "310",
            "maximumRecuperationTorque": "95.5",
            "maximumRecuperationPower": "42800",
            "gearRatio": "10",
            "gearEfficiency": "0.96",
            "constantPowerIntake": "360",
            "rollDragCoefficient": "0.007",
            "airDragCoefficient": "0.26",
            "frontSurfaceArea": "2.36",
            "wheelRadius": "0.3588",
            "internalBatteryResistance": "0.1142",
            "nominalBatteryVoltage": "396",
            "internalMomentOfInertia": "12.5",
            "radialDragCoefficient": "0",
            "powerLossMap": _loss_map(),
        },
    ),
    "delivery_van": VehicleType("delivery_van", "delivery", {"emissionClass": "HBEFA4/LCV_diesel_N1-III_Euro-6ab"}),
    "truck": VehicleType("truck", "truck", {"emissionClass": "HBEFA4/RT_gt14-20t_Euro-VI_A-C"}),
    "bus": VehicleType("bus", "bus", {"emissionClass": "HBEFA4/UBus_Std_gt15-18t_Euro-VI_A-C"}),
    "bicycle": VehicleType("bicycle", "bicycle", {"emissionClass": "Zero", "desiredMaxSpeed": f"{CYCLING_MS:g}"}),
}
"""Vehicle types that travel with the package.

Combustion engines have HBEFA 4 emission classes. The electric car is a compact car (VW ID.3: mass, drag, gear and
battery figures of Koch et al. 2021, as SUMO ships them); without its loss map it would seem to need 124 Wh/km.
"""
