"""Sum up the power of stations by the feeder that they hang on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["feeder_power"]


def feeder_power(data: xr.Dataset) -> xr.DataArray:
    """Return the power that each feeder's stations draw from the grid by minute [kW].

    Parameters
    ----------
    data
        With ``station_power`` over ``station``, ``time`` and any leading dimensions, and the coordinate
        ``station_feeder``.

    Returns
    -------
    Dims: the leading ones, ``feeder``, ``time``. Stations without a feeder are ``""``. A run that has none of a
    feeder's stations is NaN there.
    """
    import xarray as xr

    names = data["station_feeder"].to_numpy().astype(str)
    feeders = sorted(set(names.tolist()))
    power = data["station_power"].compute()  # once: the runs' files are read here
    parts = [power.isel(station=np.flatnonzero(names == one)).sum("station", min_count=1) for one in feeders]
    load = xr.concat(parts, dim="feeder").assign_coords(feeder=np.array(feeders, object))
    load.attrs = {"units": "kW", "long_name": "power of the feeder's stations from the grid, mean over the minute"}
    return load.rename("feeder_power").transpose(..., "feeder", "time")
