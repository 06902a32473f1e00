"""Put charging on the way into a report: how each station was used, mean of the runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trafficdiff.export.report_content import Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from trafficdiff.export.catalogue import Catalogue

__all__ = ["table_of_stations"]

_FILE: Final = "charging/stations.csv"
_COLUMNS: Final = (
    ("sessions", "sessions", "", 1.0, 1), ("utilisation", "utilisation", "%", 100.0, 0),
    ("mean_wait", "mean_wait_s", "min", 1 / 60, 1), ("missed", "missed_sessions", "", 1.0, 1),
    ("energy", "energy_kwh", "kWh", 1.0, 0), ("peak", "peak_kw", "kW", 1.0, 0),
)  # fmt: skip
"""Word, column of the table of stations, shown unit, factor and decimals."""


def table_of_stations(runs: Sequence[Path], words: Catalogue) -> Table | None:
    """Return one row a charging station, the busiest first; None where no car charged on the way.

    Parameters
    ----------
    runs
        Directories of the runs of one scenario.
    words
        The language.
    """
    import pandas as pd

    files = [path for run in runs if (path := run / _FILE).is_file()]
    if not files:
        return None
    days = pd.concat([pd.read_csv(path, dtype={"station": str, "feeder": str}) for path in files])
    numbers = days.groupby("station", sort=False).mean(numeric_only=True)
    numbers = numbers.sort_values("utilisation", ascending=False, kind="stable")
    heads = [
        f"{words.word(f'charging.column_{name}')}{f' [{unit}]' if unit else ''}" for name, _, unit, _, _ in _COLUMNS
    ]
    return Table(
        caption=words.word("charging.stations"),
        headings=(words.word("charging.station"), words.word("charging.column_plugs"), *heads),
        rows=tuple(_row(str(name), row, words) for name, row in numbers.iterrows()),
        numeric=(False, False, *(True for _ in heads)),
        note=words.word("charging.report_note", days=len(files)),
    )


def _row(name: str, row: pd.Series[float], words: Catalogue) -> tuple[str, ...]:
    plugs = words.word("charging.plugs_short", count=int(row["plugs"]), kw=words.number(row["installed_kw"], 0))
    values = [
        words.number(factor * row[column], decimals) if row[column] == row[column] else "\N{EN DASH}"
        for _, column, _, factor, decimals in _COLUMNS
    ]
    return (name, plugs, *values)
