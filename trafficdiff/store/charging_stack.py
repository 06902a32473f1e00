"""Stack what charging did to the stations in many runs; a run's file is opened when its numbers are used.

::

    runs/<scenario>/<sample>/charging/stations.nc     (station, time)
                      │  stations aligned by id, minutes by their place
                      ▼
    one dataset                                       (scenario, sample, station, time)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from xarray import Dataset, Variable, open_dataset
from xarray.backends import BackendArray
from xarray.core import indexing

from trafficdiff.errors import InputError, StoreError
from trafficdiff.units import QUANTITIES, with_attributes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["STATIONS", "stack_stations"]

STATIONS: Final = "charging/stations.nc"
"""What charging did to the stations, by its name in a run."""

_LEADING: Final = ("scenario", "sample")
_BY_SCENARIO: Final = ("station_plugs", "station_installed_power")
"""What a measure may change: kept for each scenario; missing where a scenario does not have the station."""


def stack_stations(runs: Mapping[tuple[str, int], Path], *, scenarios: Sequence[str], samples: int) -> Dataset:
    """Return the stations' numbers of many runs, read when they are used.

    Parameters
    ----------
    runs
        Run directories by scenario and sample; those without charging, and those that are not there, are missing.
    scenarios, samples
        The leading dimensions.

    Raises
    ------
    InputError
        If nobody charges in any of the runs.
    StoreError
        If a file of a run is damaged.
    """
    files = {key: folder / STATIONS for key, folder in runs.items() if (folder / STATIONS).is_file()}
    if not files:
        raise InputError("expected runs in which cars charge on the way, got none; give a scenario `charging`")
    first = {name: path for (name, _), path in sorted(files.items(), reverse=True)}
    heads = {name: _head(first[name]) for name in scenarios if name in first}
    grid = _grid(heads, files, scenarios=scenarios, samples=samples)
    every = {name: variable for head in heads.values() for name, variable in head.data_vars.items()}
    variables = {
        name: grid.variable(str(name), dims=variable.dims, attributes=variable.attrs)
        for name, variable in every.items()
    }
    coordinates = {
        "scenario": ("scenario", np.array(list(scenarios), object), {"long_name": "name of the scenario"}),
        "sample": ("sample", np.arange(samples), {"long_name": "number of the draw"}),
        "station": ("station", grid.station),
        "time": ("time", grid.time_s),
        **_known(heads, grid, scenarios),
    }
    data = Dataset(variables, coordinates)
    longest = max(heads.values(), key=lambda head: head.sizes["time"])
    return with_attributes(data.assign_coords(interval_length=("time", longest["interval_length"].to_numpy())))


def _head(path: Path) -> Dataset:
    """Return a run's file with its coordinates read and closed; of the variables only names and dimensions count."""
    try:
        with open_dataset(path, engine="h5netcdf") as data:
            coordinates = {str(name): data[name].load() for name in data.coords}
            return Dataset({name: data[name] for name in data.data_vars}, coordinates)
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: expected a run's record of its charging stations, got {error}") from error


@dataclass(frozen=True, eq=False)
class _Grid:
    """Hold which run is where, and where its stations are among all.

    Parameters
    ----------
    files
        By place of the scenario, and sample.
    shape
        Scenarios and samples.
    station, time_s
        All stations' ids, and the begin of every minute [s].
    places
        By place of the scenario: where its stations are among all.
    names
        By place of the scenario: the variables that its runs have.
    """

    files: Mapping[tuple[int, int], Path]
    shape: tuple[int, int]
    station: NDArray[np.object_]
    time_s: NDArray[np.float64]
    places: Mapping[int, NDArray[np.intp]]
    names: Mapping[int, frozenset[str]]

    def variable(self, name: str, *, dims: tuple[Any, ...], attributes: Mapping[Any, Any]) -> Variable:
        """Return one variable over all runs that is read when it is used."""
        own = tuple(dim for dim in ("station", "time") if dim in dims)
        array: Any = indexing.LazilyIndexedArray(_Stacked(self, name, own))
        return Variable((*_LEADING, *own), indexing.CopyOnWriteArray(array), dict(attributes))

    def block(self, name: str, dims: tuple[str, ...], at: tuple[int, int]) -> NDArray[np.float64]:
        """Return one run's values among all stations and minutes; NaN where it has none."""
        length = {"station": len(self.station), "time": len(self.time_s)}
        found = np.full([length[dim] for dim in dims], np.nan)
        if at not in self.files or name not in self.names[at[0]]:
            return found
        try:
            with open_dataset(self.files[at], engine="h5netcdf") as data:
                values = data[name].transpose(*dims).to_numpy()
        except (OSError, KeyError, ValueError) as error:
            raise StoreError(f"{self.files[at]}: expected {name} over {dims}, got {error}") from error
        if len(values) != len(self.places[at[0]]):
            raise StoreError(f"{self.files[at]}: expected the stations of the scenario's other runs, got others")
        if "time" in dims:
            values = values[:, : length["time"]]
            found[self.places[at[0]], : values.shape[1]] = values
        else:
            found[self.places[at[0]]] = values
        return found


class _Stacked(BackendArray):
    """Be one variable of all runs, as xarray's lazy indexing asks for it."""

    def __init__(self, grid: _Grid, name: str, dims: tuple[str, ...]) -> None:
        length = {"station": len(grid.station), "time": len(grid.time_s)}
        self.grid, self.name, self.dims = grid, name, dims
        self.shape = (*grid.shape, *(length[dim] for dim in dims))
        self.dtype = np.dtype(np.float64)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._read)

    def _read(self, key: tuple[int | slice, ...]) -> NDArray[np.float64]:
        """Return a part: whole numbers take a dimension away, slices keep it."""
        chosen = [np.arange(size)[one] for size, one in zip(self.grid.shape, key, strict=False)]
        rest = key[2:]
        rows = [
            [self.grid.block(self.name, self.dims, (int(place), int(sample)))[rest] for sample in chosen[1].ravel()]
            for place in chosen[0].ravel()
        ]
        tail = np.zeros(self.shape[2:])[rest].shape
        found = np.array(rows, np.float64).reshape(chosen[0].size, chosen[1].size, *tail)
        return found.reshape(*chosen[0].shape, *chosen[1].shape, *tail)


def _grid(
    heads: Mapping[str, Dataset], files: Mapping[tuple[str, int], Path], *, scenarios: Sequence[str], samples: int
) -> _Grid:
    ids = {name: head["station"].to_numpy().astype(str).tolist() for name, head in heads.items()}
    place = {one: at for at, one in enumerate(dict.fromkeys(one for own in ids.values() for one in own))}
    where = {name: at for at, name in enumerate(scenarios)}
    return _Grid(
        files={(where[name], sample): path for (name, sample), path in files.items() if sample < samples},
        shape=(len(scenarios), samples),
        station=np.array(list(place), object),
        time_s=max((head["time"].to_numpy() for head in heads.values()), key=len),
        places={where[name]: np.array([place[one] for one in own], np.intp) for name, own in ids.items()},
        names={where[name]: frozenset(map(str, head.data_vars)) for name, head in heads.items()},
    )


def _known(heads: Mapping[str, Dataset], grid: _Grid, scenarios: Sequence[str]) -> dict[str, Any]:
    """Return what is known of the stations: of each scenario what measures may change, else from the first with it."""
    given = next(iter(heads.values()))
    names = [str(name) for name in given.coords if QUANTITIES[str(name)].dims == ("station",) and name != "station"]
    found: dict[str, Any] = {}
    for name in names:
        if name in _BY_SCENARIO:
            values = np.full((len(scenarios), len(grid.station)), np.nan)
            for scenario, head in heads.items():
                at = scenarios.index(scenario)
                values[at, grid.places[at]] = head[name].to_numpy()
            found[name] = (("scenario", "station"), values)
            continue
        of_station = {
            one: value
            for head in reversed(list(heads.values()))
            for one, value in zip(head["station"].to_numpy().astype(str), head[name].to_numpy(), strict=True)
        }
        kind = object if given[name].dtype.kind in "OUST" else np.float64
        found[name] = ("station", np.array([of_station[one] for one in grid.station], kind))
    return found
