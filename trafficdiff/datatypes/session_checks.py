"""Say of rows of a table of charging sessions which cannot be true, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.charging_sessions import elapsed_seconds

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = [
    "LONGEST_DWELL_S", "MOST_ENERGY_KWH", "MOST_POWER_KW", "RowFaults", "check_amounts", "check_gaps",
    "check_neighbours", "check_order", "check_places", "check_plugs",
]  # fmt: skip

MOST_POWER_KW: Final = 400.0
"""CCS gives 500 A at 800 V; megawatt charging is for lorries."""
MOST_ENERGY_KWH: Final = 250.0
"""The largest batteries of cars and vans hold about 210 kWh."""
LONGEST_DWELL_S: Final = 30 * 86_400.0
"""A car that is plugged in for longer was forgotten, or the end was lost. Declared."""
SECOND: Final = np.timedelta64(1, "s")


class RowFaults:
    """Note the first fault of each row; rows are counted from 0, lines from 2, after the header."""

    def __init__(self, count: int) -> None:
        self.rows = np.zeros(count, dtype=bool)
        self.words: dict[int, str] = {}

    def add(self, rows: NDArray[np.integer] | NDArray[np.bool_], words: str | list[str]) -> None:
        """Note a fault of rows, given as places or as a mask; `words` is one text for all, or one a row."""
        places = np.flatnonzero(rows) if rows.dtype == bool else rows
        for number, row in enumerate(places.tolist()):
            self.words.setdefault(row, words if isinstance(words, str) else words[number])
        self.rows[places] = True

    def listed(self) -> list[tuple[int, str]]:
        """Return line and fault of each row at fault, in order of the lines."""
        return [(row + 2, self.words[row]) for row in sorted(self.words)]

    def example(self) -> str:
        """Return the first fault in words."""
        return "; ".join(f"line {line}: {fault}" for line, fault in self.listed()[:1])


def check_order(start: NDArray[np.datetime64], end: NDArray[np.datetime64], found: RowFaults) -> None:
    """Find sessions that end as they start, or before."""
    found.add(end == start, "zero length: expected a session that ends after it starts, got the same time twice")
    backward = np.flatnonzero(end < start)
    words = []
    for row in backward.tolist():
        other = _swapped(end[row])
        hint = "; did day and month of the end change places?" if other is not None and other > start[row] else ""
        words.append(f"ends before it starts: expected an end after {start[row]}, got {end[row]}{hint}")
    found.add(backward, words)


def _swapped(time: np.datetime64) -> np.datetime64 | None:
    """Return the time with day and month changed, or None where that is no date."""
    text = str(time)
    try:
        return np.datetime64(f"{text[:5]}{text[8:10]}-{text[5:7]}{text[10:]}", "s")
    except ValueError:
        return None


def _is_chronological(start: NDArray[np.datetime64]) -> bool:
    """Return whether nearly all rows start no earlier than the one before."""
    return len(start) > 2 and float(np.mean(np.diff(start) >= 0 * SECOND)) > 0.9


def check_neighbours(start: NDArray[np.datetime64], found: RowFaults) -> None:
    """Find rows that lie days from both neighbours, between whom they would lie with day and month changed."""
    if not _is_chronological(start):
        return
    day = np.timedelta64(1, "D")
    before, at, after = start[:-2], start[1:-1], start[2:]
    lonely = (before <= after) & ((at < before - day) | (at > after + day))
    rows, words = [], []
    for row in (np.flatnonzero(lonely) + 1).tolist():
        other = _swapped(start[row])
        if other is not None and start[row - 1] - day <= other <= start[row + 1] + day:
            rows.append(row)
            words.append(f"day and month: {start[row]} stands between {start[row - 1]} and {start[row + 1]}; "
                         f"was {other} meant?")  # fmt: skip
    found.add(np.array(rows, dtype=np.int64), words)


def check_gaps(clocks: dict[str, NDArray[np.datetime64]], found: RowFaults, *, time_zone: str) -> None:
    """Find times that no clock on the wall showed, for it was put forward over them."""
    import pandas as pd

    for name, times in clocks.items():
        known = np.flatnonzero(~np.isnat(times))
        zoned = pd.DatetimeIndex(times[known]).tz_localize(
            time_zone, ambiguous=np.ones(len(known), dtype=bool), nonexistent="NaT"
        )
        gone = known[np.asarray(zoned.isna())]
        found.add(gone, [
            f"no local time: in {time_zone} the clocks skip {times[row]} ({name}); is the file in universal time?"
            for row in gone.tolist()
        ])  # fmt: skip


def check_amounts(
    start: NDArray[np.datetime64],
    end: NDArray[np.datetime64],
    energy: NDArray[np.float64],
    found: RowFaults,
    *,
    time_zone: str,
) -> None:
    """Find dwells, energies and powers that no car has; energies [kWh], times as the clock on the wall."""
    dwell = np.full(len(start), np.nan)
    known = ~(np.isnat(start) | np.isnat(end))
    known[known] = end[known] > start[known]
    dwell[known] = elapsed_seconds(start[known], end[known], time_zone=time_zone)
    long = np.flatnonzero(dwell > LONGEST_DWELL_S)
    found.add(long, [
        f"dwell: expected at most {LONGEST_DWELL_S / 86400:.0f} days, got {dwell[row] / 86400:.1f}" for row in long
    ])  # fmt: skip
    negative = np.flatnonzero(energy < 0)
    found.add(negative, [f"energy: expected at least 0 kWh, got {energy[row]:g}" for row in negative])
    large = np.flatnonzero(energy > MOST_ENERGY_KWH)
    found.add(large, [f"energy: expected at most {MOST_ENERGY_KWH:g} kWh, got {energy[row]:g}" for row in large])
    with np.errstate(divide="ignore", invalid="ignore"):
        power = energy / (dwell / 3600.0)
    strong = np.flatnonzero(power > MOST_POWER_KW)
    found.add(strong, [
        f"power: expected at most {MOST_POWER_KW:g} kW, got {energy[row]:g} kWh in {dwell[row]:.0f} s" for row in strong
    ])  # fmt: skip


def check_places(longitude: NDArray[np.float64], latitude: NDArray[np.float64], found: RowFaults) -> None:
    """Find coordinates that are none [degrees, WGS 84]."""
    outside = np.flatnonzero((np.abs(longitude) > 180) | (np.abs(latitude) > 90) | ((longitude == 0) & (latitude == 0)))
    found.add(outside, [
        f"place: expected degrees of longitude and latitude, got {longitude[row]:g}, {latitude[row]:g}"
        for row in outside.tolist()
    ])  # fmt: skip


def check_plugs(
    table: pd.DataFrame, start: NDArray[np.datetime64], end: NDArray[np.datetime64], found: RowFaults
) -> None:
    """Find rows that stand there twice, and plugs that served a second car before the first had left."""
    import pandas as pd

    found.add(table.duplicated().to_numpy(), "twice: the same row stands above")
    if "charger" not in table:
        return
    columns = [name for name in ("source", "site", "charger", "plug") if name in table]
    plug = table.groupby(columns, sort=False).ngroup().to_numpy()
    sound = np.flatnonzero(~found.rows)
    rows = pd.DataFrame({"plug": plug[sound], "start": start[sound], "end": end[sound], "row": sound})
    rows = rows.sort_values(["plug", "start"], kind="stable")
    # The latest end so far: a short session inside a long one must not hide the one that follows.
    ends = rows["end"].to_numpy().astype("datetime64[s]").astype(np.int64)
    previous = pd.Series(ends).groupby(rows["plug"].to_numpy()).cummax().groupby(rows["plug"].to_numpy()).shift()
    begins = rows["start"].to_numpy().astype("datetime64[s]").astype(np.int64)
    over = begins < previous.fillna(np.iinfo(np.int64).min).to_numpy()
    until = previous[over].to_numpy().astype("datetime64[s]")
    places = rows["row"].to_numpy()[over]
    found.add(places, [
        f"plug taken: expected a start after {last}, when the session before it on this plug ends, got {start[row]}"
        for last, row in zip(until, places.tolist(), strict=True)
    ])  # fmt: skip
