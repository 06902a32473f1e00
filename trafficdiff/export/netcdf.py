"""Write a dataset as NetCDF 4 by the CF conventions 1.11, for xarray, ncdump, Panoply, QGIS and the like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.conventions import conforming
from trafficdiff.errors import StoreError

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    from trafficdiff.export.table_files import Origin

__all__ = ["write_netcdf"]

_ENGINE: Final = "h5netcdf"
_PLACES: Final = {
    "lon": {"standard_name": "longitude", "units": "degrees_east", "long_name": "half-way along the edge"},
    "lat": {"standard_name": "latitude", "units": "degrees_north", "long_name": "half-way along the edge"},
}


def write_netcdf(
    dataset: xr.Dataset, path: Path, *, origin: Origin, date: dt.date, lonlat: NDArray[np.float64], title: str
) -> None:
    """Write measurements or metrics of a run, or the stacked metrics of a study.

    Parameters
    ----------
    dataset
        Dims ``time``, ``edge`` and what else there is; a study's begin with ``scenario`` and ``sample``.
    path
        The file.
    origin
        Where the numbers come from: global attributes, the same block as in tables.
    date
        Day that was simulated.
    lonlat
        Shape (edge, 2), the point half-way along each edge [degrees, WGS 84]; NaN where it is not known.
    title
        What the file holds.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    strict = conforming(_located(dataset, lonlat), date=date)
    if "scenario" in strict.coords:
        strict = strict.reset_index("scenario").rename_vars(scenario="scenario_name")
        strict["scenario_name"].attrs["long_name"] = "name of the scenario"
        strict["sample"].attrs |= {"long_name": "number of the draw, from 0", "units": "1"}
    if "time_bounds" not in strict.coords and "interval_length" in strict.data_vars:
        strict = _with_longest_bounds(strict)
    if "run_state" in strict.coords:
        strict["run_state"].attrs["long_name"] = "how the run ended"
    strict.attrs = {
        **{name: value for name, value in strict.attrs.items() if isinstance(value, str)},
        **{name: _text(value) for name, value in origin.block.items()},
        "title": title,
        "source": origin.provenance,
        "Conventions": "CF-1.11",
    }
    for name, variable in strict.variables.items():
        # NaN is what is missing in numbers; text and coordinates have no missing value (CF section 2.5.1)
        if variable.dtype.kind == "O" or name in strict.coords:
            variable.encoding["_FillValue"] = None
    packed = {name: {"zlib": True, "complevel": 4, "shuffle": True} for name in _numbers(strict)}
    try:
        strict.to_netcdf(path, engine=_ENGINE, encoding=packed)
    except OSError as error:
        raise StoreError(f"{path}: expected a place to write to, got {error}; check the disk") from error


def _located(dataset: xr.Dataset, lonlat: NDArray[np.float64]) -> xr.Dataset:
    places = {name: ("edge", lonlat[:, axis], attrs) for axis, (name, attrs) in enumerate(_PLACES.items())}
    return dataset.drop_encoding().assign_coords(places)


def _with_longest_bounds(dataset: xr.Dataset) -> xr.Dataset:
    """Return a study with the bounds of its intervals: of runs that end early the last interval is shorter."""
    length = dataset["interval_length"]
    length_s = length.max([dim for dim in length.dims if dim != "time"]).to_numpy()
    begin_s = dataset["time"].to_numpy()
    bounds = np.stack([begin_s, begin_s + length_s], axis=-1)
    bounded = dataset.assign_coords(time_bounds=(("time", "bound"), bounds))
    bounded["time"].attrs |= {"bounds": "time_bounds"}
    return bounded


def _numbers(dataset: xr.Dataset) -> list[str]:
    return [str(name) for name, array in dataset.data_vars.items() if array.ndim and array.dtype.kind in "fiu"]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
