"""Declare when cars come to chargers of a kind, how long they stay and what they take, where no network shows it.

Energy is what a battery needs, or what the plug gives while the car stays, whichever is less. Medians of the need and
the hours of the peaks at home and at rapid chargers: Department for Transport (13 December 2018), "Electric Chargepoint
Analysis 2017": 7.5 kWh and 17:00 at home, 9.3 kWh and 12:00 at rapid chargers. The rest is declared without a
published value: people arrive at work in the morning and stay half a day. Nothing here was fitted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.diffusion.session_kinds import Kinds
from trafficdiff.diffusion.session_slots import BINS, DWELL, ENERGY, START, encoded, middles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.session_sites import SiteKind

__all__ = ["declared_kinds", "declared_law", "energy_by_dwell"]

_HOURS: Final = {
    "home": ((17.5, 3.0, 0.7), (12.0, 8.0, 0.3)),
    "work": ((8.5, 1.5, 0.7), (13.0, 2.0, 0.3)),
    "public": ((12.5, 4.0, 0.6), (18.0, 2.5, 0.4)),
    "rapid": ((12.5, 4.5, 1.0),),
}
"""Hour of arrival: means, spreads [h] and weights of bell curves around the clock."""
_DAYS: Final = {
    "home": (1.0,) * 7,
    "work": (1.0,) * 5 + (0.08,) * 2,
    "public": (1.0,) * 6 + (0.8,),
    "rapid": (1.0,) * 7,
}
_DWELL: Final = {"home": (10.0, 0.7), "work": (4.0, 0.8), "public": (2.5, 1.1), "rapid": (0.5, 0.6)}
"""Median [h] and spread [log]."""
_NEED: Final = {"home": (7.5, 0.8), "work": (7.5, 0.8), "public": (7.5, 0.8), "rapid": (9.3, 0.7)}
"""Median [kWh] and spread [log] of what batteries need."""
_GIVEN: Final = 0.9
"""Share of a plug's power that flows on average until the battery has what it needs."""
_BAND: Final = 4
"""Bins of dwell that share one law of energy."""
_EVERYWHERE: Final = 1e-3


def declared_law(kind: SiteKind, slot: int) -> NDArray[np.float64]:
    """Return the law of a slot alone at a kind of site, shape (bins,), sum 1, everywhere above nothing."""
    if slot == ENERGY:
        return declared_kinds(kind).marginals[ENERGY]
    if slot == START:
        hour = np.arange(24) + 0.5
        day = sum(
            weight * np.exp(-0.5 * (((hour - mean + 12) % 24 - 12) / spread) ** 2) / spread
            for mean, spread, weight in _HOURS[kind.site_type]
        )
        return _everywhere(np.outer(_DAYS[kind.site_type], day).ravel())
    median, spread = _DWELL[kind.site_type]
    return _everywhere(np.exp(-0.5 * (np.log(middles(DWELL) / 3600 / median) / spread) ** 2))


def declared_kinds(kind: SiteKind) -> Kinds:
    """Return the same law of all slots together: stays of like length as kinds, energy by length of stay."""
    dwell = declared_law(kind, DWELL)
    bands = np.arange(BINS[DWELL]) // _BAND
    by_band = (bands == np.arange(bands.max() + 1)[:, None]) * dwell
    start = np.tile(declared_law(kind, START), (len(by_band), 1))
    weight = by_band.sum(1)
    shares = _everywhere(by_band)
    return Kinds(weight, (start, shares, by_band / weight[:, None] @ energy_by_dwell(kind)))


def energy_by_dwell(kind: SiteKind) -> NDArray[np.float64]:
    """Return the law of energy for each bin of dwell, shape (bins of dwell, bins of energy), each row of sum 1."""
    median, spread = _NEED[kind.site_type]
    need_kwh = middles(ENERGY)
    chance = np.exp(-0.5 * (np.log(need_kwh / median) / spread) ** 2)
    most_kwh = _GIVEN * kind.power_kw * middles(DWELL) / 3600
    taken = np.minimum(need_kwh, most_kwh[:, None])
    bins = encoded(np.zeros(taken.size, np.int64), np.ones(taken.size), taken.ravel())[:, ENERGY]
    table = np.zeros((BINS[DWELL], BINS[ENERGY]))
    np.add.at(table, (np.repeat(np.arange(BINS[DWELL]), BINS[ENERGY]), bins), np.tile(chance, BINS[DWELL]))
    return _everywhere(table)


def _everywhere(law: NDArray[np.float64]) -> NDArray[np.float64]:
    law = law / law.sum(axis=-1, keepdims=True)
    return np.asarray((law + _EVERYWHERE / law.shape[-1]) / (1 + _EVERYWHERE))
