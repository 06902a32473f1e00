"""Make tables of a run for planners: one row an edge, an interval of an edge, a street, or a number of the area.

A column is a quantity of `trafficdiff.units` with its unit at the end of its name (``delay_s``, ``speed_ms``,
``flow_per_h``); what has no unit (an index) or has it in its name (``vehicle_hours``) stands as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.units import QUANTITIES

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["area_table", "column_of", "edge_lines", "edge_table", "interval_table", "street_table"]

_SUFFIXES: Final = {
    "1": "", "": "", "h": "", "km": "", "s": "_s", "m": "_m", "m s-1": "_ms", "h-1": "_per_h", "km-1": "_per_km",
    "kg": "_kg", "kW": "_kw", "kW h": "_kwh", "kg km-1": "",
    "degrees_east": "_deg", "degrees_north": "_deg",
}  # fmt: skip
_DIGITS: Final = 6
"""Significant digits that are written; a simulation has fewer."""


def column_of(name: str) -> str:
    """Return the column of a quantity: its name with its unit."""
    return name + _SUFFIXES[QUANTITIES[name].units]


def edge_table(graph: RoadGraph, by_edge: xr.Dataset, *, street: NDArray[Any]) -> gpd.GeoDataFrame:
    """Return one row an edge: what it is, then every quantity with the one dimension ``edge``.

    Parameters
    ----------
    graph
        The roads.
    by_edge
        Quantities by edge over the whole window, in the order of the graph's edges.
    street
        Shape (E,), the street of each edge, as in the table of streets.

    Returns
    -------
    Lines in the graph's projected CRS. ``lon`` and ``lat`` are the point half-way along [degrees, WGS 84];
    ``osm_way_ids`` are separated by spaces. Codes with a meaning (levels of service) are spelled out.
    """
    import geopandas as gpd

    middle = graph.to_lonlat(graph.midpoint_xy)
    known = {
        "edge_id": graph.edge_id,
        "street": street,
        "road_class": graph.road_class,
        "length_m": graph.length_m,
        "speed_limit_ms": graph.speed_limit_ms,
        "lanes": graph.lanes,
        "ends_at_signal": graph.ends_at_signal,
        "lon": middle[:, 0].round(6),
        "lat": middle[:, 1].round(6),
        "osm_way_ids": [" ".join(map(str, ways)) for ways in np.split(graph.way_ids, graph.way_offsets[1:-1])],
    }
    measured = {column_of(str(name)): _values(array) for name, array in by_edge.data_vars.items()}
    return gpd.GeoDataFrame({**known, **measured}, geometry=edge_lines(graph), crs=graph.crs)


def interval_table(metrics: xr.Dataset, *, street: NDArray[Any]) -> pd.DataFrame:
    """Return one row an edge and interval in which a vehicle was there: every quantity by ``time`` and ``edge``.

    ``begin_s`` and ``end_s`` are seconds of the simulated day.
    """
    import pandas as pd

    by_place = [name for name, array in metrics.data_vars.items() if array.dims == ("time", "edge")]
    seen = (metrics["sampled_time"].to_numpy() > 0).ravel()
    begin_s, length_s = metrics["time"].to_numpy(), metrics["interval_length"].to_numpy()
    edges = metrics.sizes["edge"]
    columns = {
        "edge_id": np.tile(metrics["edge"].to_numpy(), len(begin_s))[seen],
        "street": np.tile(street, len(begin_s))[seen],
        "begin_s": np.repeat(begin_s, edges)[seen],
        "end_s": np.repeat(begin_s + length_s, edges)[seen],
    }
    measured = {column_of(str(name)): _values(metrics[name]).ravel()[seen] for name in by_place}
    return pd.DataFrame({**columns, **measured})


def street_table(graph: RoadGraph, streets: pd.DataFrame, *, street: NDArray[Any]) -> gpd.GeoDataFrame:
    """Return the streets with their lines, all edges of a street together, in the order given.

    Parameters
    ----------
    graph
        The roads.
    streets
        One row a street, with a column ``street``.
    street
        Shape (E,), the street of each edge.
    """
    import geopandas as gpd
    import shapely

    place = {name: position for position, name in enumerate(streets["street"])}
    row = np.array([place[name] for name in street], np.int64)
    order = np.argsort(row, kind="stable")
    lines = shapely.multilinestrings(edge_lines(graph)[order], indices=row[order])
    return gpd.GeoDataFrame(_rounded(streets), geometry=lines, crs=graph.crs)


def area_table(metrics: xr.Dataset) -> pd.DataFrame:
    """Return one row a number of the whole area: ``name``, ``over``, ``value``, ``unit``, ``meaning``."""
    import pandas as pd

    numbers = {str(name): float(array) for name, array in metrics.data_vars.items() if array.ndim == 0}
    return pd.DataFrame(
        {
            "name": list(numbers),
            "over": [QUANTITIES[name].over for name in numbers],
            "value": _round(np.array(list(numbers.values()))),
            "unit": [QUANTITIES[name].units for name in numbers],
            "meaning": [QUANTITIES[name].long_name for name in numbers],
        }
    )


def edge_lines(graph: RoadGraph) -> NDArray[np.object_]:
    """Return the centre line of each edge in the graph's projected CRS, shape (E,)."""
    import shapely

    projected = graph.shape_xy - np.asarray(graph.net_offset)
    places = np.repeat(np.arange(graph.edge_count), np.diff(graph.shape_offsets))
    return np.asarray(shapely.linestrings(projected, indices=places))


def _values(array: xr.DataArray) -> NDArray[Any]:
    """Return the values, codes with CF flags (section 3.5) as their meanings, None where there is none."""
    values = array.to_numpy()
    if "flag_meanings" not in array.attrs:
        return _round(values)
    meanings = np.array([*str(array.attrs["flag_meanings"]).split(), None], object)
    codes = np.where(np.isfinite(values), values, len(meanings) - 1).astype(np.int64)
    return np.asarray(meanings[codes])


def _rounded(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{str(name): _round(frame[name].to_numpy()) for name in frame.select_dtypes("float")})


def _round(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers with the digits that are written."""
    with np.errstate(divide="ignore"):
        exponent = np.floor(np.log10(np.abs(values)))
    scale = 10.0 ** (_DIGITS - 1 - np.where(np.isfinite(exponent), exponent, 0))
    return np.asarray(np.round(values * scale) / scale)
