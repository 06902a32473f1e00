"""Read SUMO's stop output: who stood where, from when to when.

XML, because SUMO's column formats lose attributes that only some stops have. A run has few stops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trafficdiff.errors import SimulationError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = ["STOP_COLUMNS", "read_stops"]

STOP_COLUMNS: Final[dict[str, str]] = {
    "trip_id": "",
    "vehicle_type": "",
    "lane": "",
    "position_m": "m",
    "parking": "1",
    "started_s": "s",
    "ended_s": "s",
    "delay_s": "s",
    "charging_station": "",
    "parking_area": "",
    "bus_stop": "",
}
"""Columns of the stop table and their units. `ended_s` is NaN for a stop that had not ended."""

_TEXT: Final = {
    "trip_id": "id",
    "vehicle_type": "type",
    "lane": "lane",
    "charging_station": "chargingStation",
    "parking_area": "parkingArea",
    "bus_stop": "busStop",
}
_NUMBERS: Final = {"position_m": "pos", "started_s": "started", "ended_s": "ended", "delay_s": "delay"}


def read_stops(path: Path) -> pd.DataFrame:
    """Read SUMO's stop output, one row a stop, columns `STOP_COLUMNS`, by start time.

    Raises
    ------
    SimulationError
        If the file is missing or breaks off.
    """
    import numpy as np
    import pandas as pd
    from lxml import etree

    rows: list[dict[str, object]] = []
    try:
        walk = etree.iterparse(str(path), tag="stopinfo", resolve_entities=False, no_network=True, load_dtd=False)
        for _, element in walk:
            row: dict[str, object] = {name: element.get(attribute, "") for name, attribute in _TEXT.items()}
            row |= {name: float(element.get(attribute, "nan")) for name, attribute in _NUMBERS.items()}
            rows.append(row | {"parking": element.get("parking", "0") not in {"0", "false"}})
            element.clear()
    except (OSError, etree.XMLSyntaxError, ValueError) as error:
        raise SimulationError(f"expected the whole of SUMO's output {path.name}, got {error}; run it again") from error
    table = pd.DataFrame(rows, columns=list(STOP_COLUMNS))
    table["ended_s"] = table["ended_s"].astype(float).where(table["ended_s"].astype(float) >= 0, np.nan)
    return table.sort_values(["started_s", "trip_id"], kind="stable", ignore_index=True)
