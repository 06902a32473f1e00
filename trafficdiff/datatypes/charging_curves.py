"""Say how fast batteries charge, how long that takes, and what the weather does to both. Declared, not learned.

::

    power                      the share of a battery's peak power that it takes at each charge
    1.0 ──────╮
              ╰──╮             0.45 at a charge of 0.8, 0.1 at 1.0
                 ╰───╮
    0.0 ──────────────╰─▶ charge
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "CURVE_LEVELS", "CURVE_SHARES", "charge_seconds", "charged_after", "consumption_kwh_per_km", "curve_w", "heating_w",
    "peak_kw", "temperature_factor",
]  # fmt: skip

CURVE_LEVELS: Final = np.array([0.0, 0.1, 0.4, 0.6, 0.8, 0.9, 1.0])
CURVE_SHARES: Final = np.array([0.85, 1.0, 1.0, 0.7, 0.45, 0.25, 0.1])
"""Charge, and power over the peak power at it. Declared: the shape of lithium-ion cars at fast chargers, full power up
to about 0.4 and less than half of it at 0.8 (charging curves that Fastned publishes by model; a VW ID.3 of 58 kWh falls
from 100 kW to about 50 kW at 0.8)."""

PEAK_PER_KWH: Final = 1.75
"""Peak power over battery size [kW/kWh]: 100 kW for 58 kWh (VW ID.3), 135 kW for 77 kWh (ID.4). Declared."""

URBAN_KWH_PER_KM: Final = 0.175
"""What plans reckon with at 20 degrees [kWh/km]: simBEV's medium car; the simulation measures what is really used."""

_COLD: Final = ((-20.0, 0.40), (-10.0, 0.52), (0.0, 0.64), (10.0, 0.82), (20.0, 1.0), (35.0, 1.0), (45.0, 0.85))
_AIR: Final = ((-20.0, 5_000.0), (-7.0, 3_000.0), (10.0, 900.0), (18.0, 0.0), (24.0, 0.0), (35.0, 1_000.0))
_STEPS: Final = 400
_URBAN_MS: Final = 7.0


def peak_kw(battery_kwh: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return the most that a battery takes [kW into the battery], of the shape that is given."""
    return np.asarray(battery_kwh, np.float64) * PEAK_PER_KWH


def temperature_factor(temperature_c: float) -> float:
    """Return the charging power at an air temperature over that at 20 degrees.

    Declared: 0.64 at 0 degrees, and a line through points above and below. That fast charging slows considerably in the
    cold was found on 500 sessions of Nissan Leaf taxis from -9 to 39 degrees (Motoaki, Yi and Salisbury 2018,
    "Empirical analysis of electric vehicle fast charging under cold temperatures", Energy Policy 122).
    """
    return float(np.interp(temperature_c, *np.array(_COLD).T))


def heating_w(temperature_c: float) -> float:
    """Return the power that heating or cooling the cabin takes while driving [W].

    Declared: 3 kW at -7 and 1 kW at 35 degrees, a line between. The order of size is that of five cars on a test stand,
    which lost 41 % of their range at -7 and 17 % at 35 degrees with heating and cooling (AAA 2019, "Electric Vehicle
    Range Testing").
    """
    return float(np.interp(temperature_c, *np.array(_AIR).T))


def consumption_kwh_per_km(temperature_c: float) -> float:
    """Return what plans reckon with in town at a temperature [kWh/km]; the cabin's share at 25 km/h."""
    return URBAN_KWH_PER_KM + heating_w(temperature_c) / _URBAN_MS / 3_600.0


def curve_w(battery_kwh: float, temperature_c: float = 20.0) -> NDArray[np.float64]:
    """Return the power that a battery takes at each of `CURVE_LEVELS` [W into the battery], shape (7,)."""
    return np.asarray(CURVE_SHARES * peak_kw(battery_kwh) * 1_000.0 * temperature_factor(temperature_c))


def charge_seconds(
    battery_kwh: NDArray[np.float64],
    *,
    begin: NDArray[np.float64],
    end: NDArray[np.float64],
    power_kw: NDArray[np.float64],
    temperature_c: float = 20.0,
) -> NDArray[np.float64]:
    """Return how long charging takes [s], shape (N,); 0 where the battery holds as much already.

    Parameters
    ----------
    battery_kwh
        Shape (N,), usable size [kWh].
    begin, end
        Shape (N,), charge before and after (share).
    power_kw
        Shape (N,), what arrives at the battery at most [kW].
    temperature_c
        Of the air.

    Notes
    -----
    The integral of battery size over power along the charge; its integrand is bounded, because the curve never falls
    to 0. The trapezium rule on 400 parts is exact to 0.01 %.
    """
    size, first, last, most = (np.asarray(one, np.float64)[:, None] for one in (battery_kwh, begin, end, power_kw))
    part = np.linspace(0.0, 1.0, _STEPS + 1)[None]
    charge = first + np.maximum(last - first, 0.0) * part
    power = np.minimum(most, _shares(charge) * peak_kw(size) * temperature_factor(temperature_c))
    slowness = 3_600.0 * size / np.maximum(power, 1e-9)
    return np.asarray(np.trapezoid(slowness, charge, axis=1))


def charged_after(
    battery_kwh: NDArray[np.float64],
    *,
    begin: NDArray[np.float64],
    power_kw: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    temperature_c: float = 20.0,
) -> NDArray[np.float64]:
    """Return the charge (share) after some time at a plug, shape (N,); parameters as `charge_seconds`."""
    charge = np.asarray(begin, np.float64).copy()
    step_s = np.asarray(duration_s, np.float64) / _STEPS
    for _ in range(_STEPS):
        power = np.minimum(power_kw, _shares(charge) * peak_kw(battery_kwh) * temperature_factor(temperature_c))
        charge = np.minimum(charge + power * step_s / 3_600.0 / battery_kwh, 1.0)
    return charge


def _shares(charge: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.interp(charge, CURVE_LEVELS, CURVE_SHARES))
