"""Add up edges to streets, and find the streets on which most time is lost.

A street is all edges of one name, both directions; an edge without a name is a street of its own. Where two towns
of one network have a street of the same name, it counts as one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trafficdiff.metrics import congestion
from trafficdiff.units import METRES_PER_KILOMETRE, SECONDS_PER_HOUR

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

__all__ = ["street_of_edges", "streets"]


def street_of_edges(street_name: NDArray[Any], edge_id: NDArray[Any]) -> NDArray[np.object_]:
    """Return the street of each edge, shape (E,): its name, or ``unnamed (edge ID)`` where it has none."""
    named = [str(name).strip() or f"unnamed (edge {edge})" for name, edge in zip(street_name, edge_id, strict=True)]
    return np.array(named, object)


def streets(data: xr.Dataset, *, street: NDArray[Any], road_class: NDArray[Any]) -> pd.DataFrame:
    """Return one row a street of one run, the street with most delay first.

    Parameters
    ----------
    data
        `SimulationResult.data`, or metrics of one run: dims ``time`` and ``edge``.
    street, road_class
        Shape (E,), in the order of the data's edges; see `street_of_edges`.

    Returns
    -------
    Columns ``street``, ``road_class`` (of most of its length), ``edges``, ``length_m`` (both directions),
    ``vehicle_kilometres``, ``vehicle_hours``, ``delay_hours``, ``mean_speed_ms`` [m/s] and ``travel_time_index``,
    defined as those of the area (`area`) over the street's edges; the last two are NaN without traffic. The streets'
    kilometres, hours and delays add up to the area's.
    """
    import pandas as pd

    whole = ("time",)
    edges = pd.DataFrame(
        {
            "street": street,
            "edges": 1,
            "length_m": data["edge_length"].to_numpy(),
            "vehicle_kilometres": data["travel_distance"].sum(whole).to_numpy() / METRES_PER_KILOMETRE,
            "vehicle_hours": data["sampled_time"].sum(whole).to_numpy() / SECONDS_PER_HOUR,
            "delay_hours": congestion.delay(data).sum(whole).to_numpy() / SECONDS_PER_HOUR,
            "free_flow_hours": congestion.free_flow_vehicle_time(data).sum(whole).to_numpy() / SECONDS_PER_HOUR,
        }
    )
    found = edges.groupby("street", sort=True).sum()
    found.insert(0, "road_class", _main_class(edges.assign(road_class=road_class)))
    metres_and_seconds = METRES_PER_KILOMETRE / SECONDS_PER_HOUR
    hours, needed = found["vehicle_hours"], found.pop("free_flow_hours")
    found["mean_speed_ms"] = found["vehicle_kilometres"] / hours.where(hours > 0) * metres_and_seconds
    found["travel_time_index"] = hours / needed.where(needed > 0)
    return found.reset_index().sort_values("delay_hours", ascending=False, kind="stable", ignore_index=True)


def _main_class(edges: pd.DataFrame) -> pd.Series[str]:
    """Return the class of most of each street's length, by street."""
    length = edges.groupby(["street", "road_class"], sort=True)["length_m"].sum().reset_index("road_class")
    longest = length.sort_values("length_m", ascending=False, kind="stable")
    return longest.loc[~longest.index.duplicated(), "road_class"]
