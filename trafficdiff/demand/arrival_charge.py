"""Say how full batteries are when cars plug in, from the energy that they take. Declared: no file of sessions tells it.

A driver means to leave with a charge T: 1 at plugs of up to 43 kW, 0.8 at faster ones, less by chance. Who still took
nearly all that the plug gives when leaving did not get there, and leaves with a charge anywhere below T::

    arrival = leaving - energy / battery          leaving = T,  or between energy / battery + reserve and T

Batteries are those of the package's fleet, of those that hold the energy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.batteries import BATTERY_KWH

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["arrival_charge", "declared_batteries_kwh"]

_RAPID_KW: Final = 43.0
_TARGET: Final = (1.0, 0.8)
"""Charge that drivers mean to leave with at slow and at rapid plugs: above 0.8 rapid charging is slow."""
_LESS: Final = 0.1
"""Mean of what they leave earlier with: exponential, at most 0.3."""
_MOST_LESS: Final = 0.3
_BUSY: Final = 0.75
"""Share of the plug's power over the whole stay from which a car is held to have left while it still charged."""
_RESERVE: Final = 0.02
_ROOM: Final = 0.9
"""Largest share of a battery that one session fills, where the battery is declared."""


def declared_batteries_kwh(energy_kwh: NDArray[np.float64], *, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return a battery that holds the energy of each session [kWh], shape (S,), as frequent as in the fleet."""
    sizes, shares = np.array(list(BATTERY_KWH)), np.array(list(BATTERY_KWH.values()))
    chance = np.where(_ROOM * sizes >= energy_kwh[:, None], shares, 0.0).cumsum(axis=1)
    uniform = generator.random(len(energy_kwh))
    drawn = sizes[np.minimum((chance <= uniform[:, None] * chance[:, -1:]).sum(axis=1), len(sizes) - 1)]
    return np.where(chance[:, -1] > 0, drawn, energy_kwh / _ROOM)


def arrival_charge(
    energy_kwh: NDArray[np.float64],
    battery_kwh: NDArray[np.float64],
    *,
    dwell_s: NDArray[np.float64],
    power_kw: NDArray[np.float64],
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """Return the charge on arrival (share of the battery), shape (S,); with the energy it never exceeds a full battery.

    Parameters
    ----------
    energy_kwh, battery_kwh
        Shape (S,): what each session takes, and the car's battery.
    dwell_s, power_kw
        Shape (S,): how long it stays, and what its plug can give.
    generator
        Source of randomness.
    """
    taken = np.minimum(energy_kwh / battery_kwh, 1.0)
    less = np.minimum(generator.exponential(_LESS, len(taken)), _MOST_LESS)
    target = np.where(power_kw > _RAPID_KW, *_TARGET[::-1]) - less
    least = np.minimum(taken + _RESERVE, 1.0)
    target = np.maximum(target, least)
    busy = energy_kwh >= _BUSY * power_kw * dwell_s / 3600
    leaving = np.where(busy, least + generator.random(len(taken)) * (target - least), target)
    return np.asarray(np.clip(leaving - taken, 0.0, 1.0))
