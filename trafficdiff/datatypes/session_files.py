"""Read charging sessions from CSV files, and say of every row that cannot be true why.

The columns are source, site, charger, plug, user, start, end, kwh, model and, where known, lon and lat. What such
files get wrong is looked for by name: a day and month that changed places, the year 0014, universal time that
passes for local time, a decimal comma, a session that ends as it begins.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from trafficdiff.datatypes.charging_sessions import ChargingSessions
from trafficdiff.datatypes.session_checks import (
    SECOND,
    RowFaults,
    check_amounts,
    check_gaps,
    check_neighbours,
    check_order,
    check_places,
    check_plugs,
)
from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["DateOrder", "SessionFile", "read_sessions"]

DateOrder = Literal["year first", "day first", "month first"]
"""How a file writes its dates."""

REQUIRED: Final = ("site", "start", "end")
TEXTS: Final = ("source", "site", "charger", "plug", "user", "model")
EARLIEST_YEAR: Final = 1995  # public charging of road vehicles begins later
LATEST_YEAR: Final = 2100

_ORDERS: Final[dict[DateOrder, tuple[int, int, int]]] = {
    "year first": (0, 1, 2),
    "month first": (2, 0, 1),
    "day first": (2, 1, 0),
}
_CLOCK: Final = (
    r"^\s*(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?\s*$"
)


@dataclass(frozen=True, eq=False, kw_only=True)
class SessionFile:
    """Hold what a file of sessions held.

    Parameters
    ----------
    sessions
        The rows that can be true.
    left_out
        Line and fault of each of the others, in order of the lines.
    """

    sessions: ChargingSessions
    left_out: tuple[tuple[int, str], ...]

    def reasons(self) -> dict[str, int]:
        """Return how many rows were left out by kind of fault, the most frequent first."""
        return dict(Counter(fault.split(":", 1)[0] for _, fault in self.left_out).most_common())


def read_sessions(
    path: Path,
    *,
    time_zone: str,
    dates: DateOrder = "year first",
    decimal: Literal[".", ","] = ".",
    separator: str = ",",
    clock: Literal["local", "utc"] = "local",
    implausible: Literal["refuse", "leave out"] = "refuse",
) -> SessionFile:
    """Read charging sessions and check that each can be true.

    Parameters
    ----------
    path
        ``.csv``, also ``.csv.gz`` and ``.csv.xz``, UTF-8, with a header.
    time_zone
        IANA name of the zone of the sites. What is returned is the clock on the wall there.
    dates
        How dates are written.
    decimal, separator
        Of numbers and of columns.
    clock
        Whether times without an offset are local or universal time. A written offset always counts.
    implausible
        Refuse a file with rows that cannot be true, naming all, or leave those rows out and list them.

    Raises
    ------
    InputError
        If the file cannot be read, lacks a column or holds no session that can be true; or, unless they are to be
        left out, naming the rows that cannot be true.
    """
    table = _read_table(path, separator)
    found = RowFaults(len(table))
    start, end = (
        _times(table[name], name, found, dates, clock=clock, time_zone=time_zone) for name in ("start", "end")
    )
    energy = _numbers(table, "kwh", decimal, found)
    longitude, latitude = (_numbers(table, name, decimal, found) for name in ("lon", "lat"))
    check_order(start, end, found)
    check_neighbours(start, found)
    check_gaps({"start": start, "end": end}, found, time_zone=time_zone)
    check_amounts(start, end, energy, found, time_zone=time_zone)
    check_places(longitude, latitude, found)
    check_plugs(table, start, end, found)
    if implausible == "refuse":
        _refuse(path, found)
    kept = np.flatnonzero(~found.rows)
    if not len(kept):
        raise InputError(f"{path}: expected charging sessions, got none that can be true; {found.example()}")
    order = kept[np.argsort(start[kept], kind="stable")]
    texts = {
        name: table[name].to_numpy(dtype=str)[order] if name in table else np.full(len(order), "") for name in TEXTS
    }
    sessions = ChargingSessions(
        time_zone=time_zone, **texts, start=start[order], end=end[order], energy_kwh=energy[order],
        longitude_deg=longitude[order], latitude_deg=latitude[order],
    )  # fmt: skip
    return SessionFile(sessions=sessions, left_out=tuple(found.listed()))


def _refuse(path: Path, found: RowFaults) -> None:
    faults = Faults(str(path))
    for line, fault in found.listed():
        faults.add(f"line {line}: {fault}")
    faults.raise_if_any(InputError)


def _read_table(path: Path, separator: str) -> pd.DataFrame:
    import pandas as pd

    try:
        table = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path}: expected a CSV file of charging sessions, got {error}") from error
    table.columns = [str(name).strip().lower() for name in table.columns]
    if missing := [name for name in REQUIRED if name not in table]:
        raise InputError(
            f"{path}: expected the columns {', '.join(REQUIRED)}, got {', '.join(table.columns)}; "
            f"{', '.join(missing)} is missing, or the separator is not {separator!r}"
        )
    return table


def _times(
    text: pd.Series, name: str, found: RowFaults, dates: DateOrder, *, clock: str, time_zone: str
) -> NDArray[np.datetime64]:
    """Return clocks on the wall, shape (S,), datetime64[s]; NaT where the text is no time."""
    import pandas as pd

    parts = text.str.extract(_CLOCK)
    numbers = parts.iloc[:, :6].apply(pd.to_numeric, errors="coerce").fillna({5: 0})
    year, month, day = (numbers[place] for place in _ORDERS[dates])
    at = pd.to_datetime(
        pd.DataFrame({"year": year, "month": month, "day": day, "hour": numbers[3], "minute": numbers[4],
                      "second": numbers[5]}).where(year.between(1000, 9999)),
        errors="coerce",
    )  # fmt: skip
    offset = parts[6].notna().to_numpy()
    wall = at.to_numpy(dtype="datetime64[s]").copy()
    _shift_to_wall(wall, parts[6], time_zone, rows=offset | (clock == "utc"))
    unread = at.isna().to_numpy()
    early = (year < EARLIEST_YEAR).to_numpy() & parts[0].notna().to_numpy()
    swapped = unread & ~early & (month.between(13, 31) & day.between(1, 12)).to_numpy()
    strange = ~unread & ((year < EARLIEST_YEAR) | (year > LATEST_YEAR)).to_numpy()
    found.add(
        early | strange, [_year_words(name, text.iloc[row], year.iloc[row]) for row in np.flatnonzero(early | strange)]
    )
    found.add(swapped, [
        f"day and month: expected {name} written {dates}, got {text.iloc[row]!r}; did day and month change places?"
        for row in np.flatnonzero(swapped)
    ])  # fmt: skip
    rest = unread & ~early & ~swapped
    found.add(rest, [
        f"no time: expected {name} as a date and a time, {dates}, got {text.iloc[row]!r}"
        for row in np.flatnonzero(rest)
    ])  # fmt: skip
    wall[early | strange] = np.datetime64("NaT")
    return wall


def _year_words(name: str, text: str, year: float) -> str:
    meant = f"; was {int(year) + 2000} meant?" if year < 100 else ""
    return f"year: expected {name} between {EARLIEST_YEAR} and {LATEST_YEAR}, got {text!r}{meant}"


def _shift_to_wall(
    wall: NDArray[np.datetime64], offsets: pd.Series, time_zone: str, *, rows: NDArray[np.bool_]
) -> None:
    """Turn times with an offset, or in universal time, into the clock on the wall, in place."""
    import pandas as pd

    if not rows.any():
        return
    signs = offsets.str.extract(r"^([+-])(\d{2}):?(\d{2})$")
    hours, minutes = (pd.to_numeric(signs[place], errors="coerce").fillna(0).to_numpy() for place in (1, 2))
    ahead = np.where(signs[0] == "-", -1, 1) * (hours * 3600 + minutes * 60)
    universal = pd.DatetimeIndex(wall[rows] - ahead[rows].astype(np.int64) * SECOND).tz_localize("UTC")
    wall[rows] = universal.tz_convert(time_zone).tz_localize(None).to_numpy(dtype="datetime64[s]")


def _numbers(table: pd.DataFrame, name: str, decimal: str, found: RowFaults) -> NDArray[np.float64]:
    import pandas as pd

    if name not in table:
        return np.full(len(table), np.nan)
    text = table[name].str.strip()
    plain = text if decimal == "." else text.str.replace(",", ".", regex=False)
    values = pd.to_numeric(plain.where(plain != ""), errors="coerce").to_numpy(dtype=float)
    wrong = (np.isnan(values) & (text != "").to_numpy()) | np.isinf(values)
    found.add(wrong, [
        f"number: expected {name} as a number, got {text.iloc[row]!r}"
        + ("; is the decimal sign a comma?" if "," in text.iloc[row] else "")
        for row in np.flatnonzero(wrong)
    ])  # fmt: skip
    return values
