"""Give a dataset the form that the CF conventions ask of a file, for readers outside this package.

Inside, an edge is looked up by its id and times are seconds of the simulated day. CF 1.11 is stricter:

====================  ===============================================  ====================================
inside                CF                                               section
====================  ===============================================  ====================================
``edge`` holds text   a coordinate variable is numeric                 1.3, 6.1: ``edge_id``, auxiliary
``time`` in ``s``     a time coordinate counts from a date             4.4: ``seconds since ...``
``interval_length``   intervals have bounds                            7.1: ``time_bounds``
NaN where missing     coordinates have no fill value                   2.5.1
``(time, edge)``      dimensions other than T, Z, Y, X come first      2.4: ``(edge, time)``
====================  ===============================================  ====================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import datetime as dt

    import xarray as xr

__all__ = ["conforming"]

_CLOCKS: Final = ("time", "clock")


def conforming(dataset: xr.Dataset, *, date: dt.date) -> xr.Dataset:
    """Return the dataset as CF 1.11 asks, ready for ``to_netcdf``; the numbers stay as they are.

    Parameters
    ----------
    dataset
        `SimulationResult.data` or `Metrics.data`.
    date
        Day that was simulated; times are the place's local time on it.
    """
    strict = dataset.transpose(..., "time", missing_dims="ignore")
    for name in _CLOCKS:
        if name in strict.coords:
            strict[name].attrs |= {
                "units": f"seconds since {date.isoformat()} 00:00:00",
                "calendar": "standard",
                "units_metadata": "leap_seconds: none",
                "standard_name": "time",
            }
    if "time" in strict.coords:
        strict["time"].attrs |= {"axis": "T"}
    if "interval_length" in strict.coords:
        strict = _with_bounds(strict)
    if "edge" in strict.coords:
        strict = strict.reset_index("edge").rename_vars(edge="edge_id")
    for coordinate in strict.coords.values():
        coordinate.encoding["_FillValue"] = None
    strict.attrs = {**strict.attrs, "Conventions": "CF-1.11"}
    return strict


def _with_bounds(dataset: xr.Dataset) -> xr.Dataset:
    """Return the dataset with the begin and end of each interval as ``time_bounds`` (time, bound)."""
    begin_s = dataset["time"].to_numpy()
    bounds = np.stack([begin_s, begin_s + dataset["interval_length"].to_numpy()], axis=-1)
    bounded = dataset.assign_coords(time_bounds=(("time", "bound"), bounds))
    bounded["time"].attrs |= {"bounds": "time_bounds"}
    return bounded
