"""Score weeks of charging sessions against real ones, with margins over weeks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.metrics.charging_intervals import grid_of, margin_of, margins, week_counts
from trafficdiff.metrics.charging_scores import (
    autocorrelation,
    crps,
    jsd168,
    near_duplicates,
    pinball,
    wasserstein,
    weekly_occupancy,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from trafficdiff.workflows.drawn_sessions import Weeks

__all__ = ["SCORES", "Scored", "beside", "mean_with_margin", "scores"]

SCORES: Final = ("jsd168", "w1_energy_kwh", "w1_dwell_h", "acf", "crps", "pinball", "near_duplicates")
_MEMBERS: Final = 20


@dataclass(frozen=True, eq=False)
class Scored:
    """Hold the scores of one generator.

    Parameters
    ----------
    values
        By score; NaN where there is none.
    margins
        Half of the 95 % interval of each; NaN where there is none.
    """

    values: Mapping[str, float]
    margins: Mapping[str, float] = field(default_factory=dict)


def scores(drawn: Weeks, real: Weeks, *, trained: Weeks | None = None, replicates: int = 0) -> Scored:
    """Return the scores of drawn weeks against real ones; near duplicates of what was trained on, if given.

    Parameters
    ----------
    drawn, real
        Both sides. The ensemble is twenty weeks from all over what is drawn; autocorrelations of worlds are averaged.
    trained
        Weeks that may have been copied.
    replicates
        Of the bootstrap over weeks; 0 for no margins.
    """
    energy, true = (of.energy_kwh[np.isfinite(of.energy_kwh)] for of in (drawn, real))
    loads = [_loads(of) for of in (drawn, real)]
    members, observed = _ensemble(loads[0], drawn.worlds), loads[1]
    level = max(float(observed.mean()), 1e-9)
    lags = min(168, 168 * real.count // 2)
    parts = np.split(loads[0], drawn.worlds)
    acf = [np.mean([autocorrelation(part, lags=lags) for part in parts], axis=0), autocorrelation(observed, lags=lags)]
    length = min(len(one) for one in acf)
    values = {
        "jsd168": jsd168(drawn.hour, real.hour),
        "w1_energy_kwh": wasserstein(energy, true),
        "w1_dwell_h": wasserstein(drawn.dwell_s / 3600, real.dwell_s / 3600),
        "acf": float(np.abs(acf[0][:length] - acf[1][:length]).mean()),
        "crps": crps(members, observed) / level if len(members) > 1 else float("nan"),
        "pinball": pinball(members, observed) / level,
        "near_duplicates": float("nan") if trained is None else beside(drawn, trained),
    }
    grids = (grid_of(drawn.dwell_s / 3600, real.dwell_s / 3600), grid_of(energy, true))
    counts = [
        week_counts(of.week, hour=of.hour, dwell_h=of.dwell_s / 3600, energy_kwh=of.energy_kwh, load=load, grids=grids)
        for of, load in zip((drawn, real), loads, strict=True)
    ]
    found = margins(counts[0], counts[1], grids=grids, members=members, acf=acf[0], replicates=replicates)
    return Scored(values, found)


def _loads(weeks: Weeks) -> NDArray[np.float64]:
    """Return the occupancy of each hour of each week, shape (W, 168); what runs over the end of a world is cut."""
    each = weeks.count // weeks.worlds
    world = weeks.week // each
    return np.concatenate(
        [
            weekly_occupancy(weeks.week[own] - each * number, weeks.start_s[own], weeks.dwell_s[own], weeks=each)
            for number in range(weeks.worlds)
            for own in [world == number]
        ]
    )


def _ensemble(load: NDArray[np.float64], worlds: int) -> NDArray[np.float64]:
    """Return weeks from all over what was drawn, but the first of each world, into which nothing runs over."""
    each = len(load) // worlds
    rows = np.flatnonzero(np.arange(len(load)) % each) if each > 1 else np.arange(len(load))
    return np.asarray(load[rows[np.unique(np.linspace(0, len(rows) - 1, _MEMBERS).round().astype(int))]])


def beside(drawn: Weeks, past: Weeks) -> float:
    """Return the share of sessions with one of the past beside them, in energy too where both have it."""
    energy = bool(np.isfinite(drawn.energy_kwh).all() and np.isfinite(past.energy_kwh).all())
    return near_duplicates(_columns(drawn, energy=energy), _columns(past, energy=energy))


def mean_with_margin(errors: NDArray[np.float64], *, replicates: int, seed: int = 0) -> tuple[float, float]:
    """Return the mean of errors by site, shape (N,), and its margin over resampled sites; NaN without replicates."""
    if replicates < 2:
        return float(errors.mean()), float("nan")
    rows = np.random.default_rng(seed).integers(0, len(errors), (replicates, len(errors)))
    return float(errors.mean()), margin_of(errors[rows].mean(axis=1))


def _columns(weeks: Weeks, *, energy: bool) -> NDArray[np.float64]:
    columns = [weeks.start_s / 3600, np.log(weeks.dwell_s)]
    if energy:
        columns.append(np.log(np.maximum(weeks.energy_kwh, 0.01)))
    return np.stack(columns, axis=1)
