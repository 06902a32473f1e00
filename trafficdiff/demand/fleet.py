"""Hand out vehicle types and batteries: shares become exact counts, then chance decides who gets which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.batteries import BATTERY_KWH, CHARGE_BETA, CHARGE_RANGE
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES, VehicleType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["BATTERY_KWH", "Fleet", "assign_fleet", "exact_counts"]


@dataclass(frozen=True, eq=False)
class Fleet:
    """Hold the vehicles of agents.

    Parameters
    ----------
    vehicle_types
        The types that occur, by name.
    vehicle_type
        Shape (A,), positions in `vehicle_types`.
    state_of_charge, battery_kwh
        Shape (A,), share of the battery and its size [kWh]; NaN if not electric.
    """

    vehicle_types: tuple[VehicleType, ...]
    vehicle_type: NDArray[np.int32]
    state_of_charge: NDArray[np.float64]
    battery_kwh: NDArray[np.float64]


def exact_counts(shares: Sequence[float], *, total: int) -> NDArray[np.int64]:
    """Return whole numbers that add up to `total` and lie within one of their shares of it.

    The method of the largest remainder (Hamilton); ties go to the first.

    Examples
    --------
    >>> exact_counts([0.5, 0.3, 0.2], total=4).tolist()
    [2, 1, 1]
    """
    quota = np.asarray(shares, float) / sum(shares) * total
    counts = np.floor(quota + 1e-9).astype(np.int64)
    largest = np.argsort(counts - quota, kind="stable")[: total - counts.sum()]
    counts[largest] += 1
    return counts


def assign_fleet(
    count: int, *, vehicle_mix: Mapping[str, float], electric_share: float, generator: np.random.Generator
) -> Fleet:
    """Return the vehicles of `count` agents.

    Parameters
    ----------
    count
        Number of agents.
    vehicle_mix
        Share of each vehicle type, names of `VEHICLE_TYPES`.
    electric_share
        Share of the type ``"car"`` that becomes ``"electric_car"``.
    generator
        Source of randomness.

    Notes
    -----
    An electric car departs with a charge of 0.1 + 0.9 Beta(4, 2) (mean 0.7; few are nearly empty or full) and a
    battery out of `BATTERY_KWH`. Both are declared, not learned.
    """
    names = sorted(vehicle_mix)
    counts = dict(zip(names, exact_counts([vehicle_mix[name] for name in names], total=count).tolist(), strict=True))
    cars, electric = exact_counts([1 - electric_share, electric_share], total=counts.pop("car", 0)).tolist()
    counts |= {"car": cars, "electric_car": counts.get("electric_car", 0) + electric}
    present = sorted(name for name, number in counts.items() if number) or ["car"]
    kind = np.repeat(np.arange(len(present)), [counts[name] for name in present]).astype(np.int32)
    kind = generator.permutation(kind)
    low, high = CHARGE_RANGE
    charge = np.round(low + (high - low) * generator.beta(*CHARGE_BETA, size=count), 3)
    battery = generator.choice(list(BATTERY_KWH), size=count, p=list(BATTERY_KWH.values()))
    is_electric = np.array([name == "electric_car" for name in present])[kind]
    return Fleet(
        tuple(VEHICLE_TYPES[name] for name in present),
        kind,
        np.where(is_electric, charge, np.nan),
        np.where(is_electric, battery, np.nan),
    )
