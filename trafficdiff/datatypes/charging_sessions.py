"""Hold charging sessions: who was plugged in where, from when to when, and what energy flowed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ChargingSessions", "elapsed_seconds"]


@dataclass(frozen=True, eq=False, kw_only=True)
class ChargingSessions:
    """Represent charging sessions, a row each, by start; immutable.

    Parameters
    ----------
    time_zone
        IANA name of the zone that the clocks on the wall showed.
    source, site, charger, plug, user, model
        Shape (S,), text; empty where unknown. A plug belongs to a charger, a charger to a site.
    start, end
        Shape (S,), datetime64[s], clock on the wall; plugged in and out.
    energy_kwh
        Shape (S,), delivered to the vehicle [kWh]; NaN where not measured.
    longitude_deg, latitude_deg
        Shape (S,), of the site, WGS 84; NaN where unknown.

    Raises
    ------
    InputError
        If the columns differ in length, a session does not end after it starts, sessions are not in order of
        their start, an energy is negative, or the time zone is unknown.
    """

    time_zone: str
    source: NDArray[np.str_]
    site: NDArray[np.str_]
    charger: NDArray[np.str_]
    plug: NDArray[np.str_]
    user: NDArray[np.str_]
    model: NDArray[np.str_]
    start: NDArray[np.datetime64]
    end: NDArray[np.datetime64]
    energy_kwh: NDArray[np.float64]
    longitude_deg: NDArray[np.float64]
    latitude_deg: NDArray[np.float64]

    def __post_init__(self) -> None:
        faults = Faults("charging sessions")
        lengths = {field.name: len(getattr(self, field.name)) for field in fields(self) if field.name != "time_zone"}
        if len(set(lengths.values())) > 1:
            faults.add(f"expected columns of one length, got {lengths}")
        elif np.isnat(self.start).any() or np.isnat(self.end).any():
            faults.add("expected a start and an end of every session, got some without")
        else:
            if (backward := int((self.end <= self.start).sum())) > 0:
                faults.add(f"expected sessions that end after they start, got {backward} that do not")
            if (np.diff(self.start) < np.timedelta64(0, "s")).any():
                faults.add("expected sessions in order of their start, got others; sort them")
            if (negative := int((self.energy_kwh < 0).sum())) > 0:
                faults.add(f"expected energies of at least 0 kWh, got {negative} below")
        if not _is_zone(self.time_zone):
            faults.add(f"expected an IANA time zone such as 'Europe/London', got {self.time_zone!r}")
        faults.raise_if_any(InputError)

    def __len__(self) -> int:
        return len(self.start)

    @property
    def dwell_s(self) -> NDArray[np.float64]:
        """How long each was plugged in, shape (S,) [s]; a change of the clocks in between is no dwell."""
        return elapsed_seconds(self.start, self.end, time_zone=self.time_zone)

    @property
    def hour_of_week(self) -> NDArray[np.int64]:
        """Hour of the week in which each starts, shape (S,); 0 is Monday 00:00 to 01:00 on the wall."""
        hours = self.start.astype("datetime64[h]").astype(np.int64)
        return np.asarray((hours + 3 * 24) % 168)  # 1 January 1970 was a Thursday

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> ChargingSessions:
        """Return the sessions at the given places, in order of their start."""
        names = [field.name for field in fields(self) if field.name != "time_zone"]
        chosen = {name: getattr(self, name)[rows] for name in names}
        order = np.argsort(chosen["start"], kind="stable")
        return ChargingSessions(time_zone=self.time_zone, **{name: chosen[name][order] for name in names})


def elapsed_seconds(
    start: NDArray[np.datetime64], end: NDArray[np.datetime64], *, time_zone: str
) -> NDArray[np.float64]:
    """Return the time that passes between readings of a wall clock [s].

    A reading that the clock shows twice is taken as the first, one that it skips as the moment after the gap.
    """
    return np.asarray(
        (_universal(end, time_zone) - _universal(start, time_zone)) / np.timedelta64(1, "s"), dtype=np.float64
    )


def _universal(clock: NDArray[np.datetime64], time_zone: str) -> NDArray[np.datetime64]:
    import pandas as pd

    local = pd.DatetimeIndex(clock.astype("datetime64[s]"))
    first = np.ones(len(local), dtype=bool)
    zoned = local.tz_localize(time_zone, ambiguous=first, nonexistent="shift_forward")
    return np.asarray(zoned.tz_convert("UTC").tz_localize(None).to_numpy())


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
