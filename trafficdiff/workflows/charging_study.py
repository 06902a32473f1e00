"""Look at charging over a whole study: stations by scenario, sample and minute, and numbers with their bands.

::

    from trafficdiff.workflows.charging_study import charging_bands, feeder_bands, open_charging

    data = open_charging(Path("studies/chargers"))
    data["station_queue"].sel(scenario="six rapid chargers").mean("sample")  # (station, time), read now
    charging_bands(data)  # served, waiting, unmet, stranded, unmet energy, waits, peak, ...
    feeder_bands(data)  # what the feeders see, minute by minute
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import InputError
from trafficdiff.units import QUANTITIES, attributes

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["CHARGING_NUMBERS", "charging_bands", "feeder_bands", "open_charging"]

CHARGING_NUMBERS: Final = (
    *(name for name, quantity in QUANTITIES.items() if quantity.over == "EVs that wanted to charge"),
    "stranded_others",
)
"""Names of the numbers of charging, one a run."""

_SIGNED: Final = frozenset({"charging_grid_energy", "charging_capacity_factor"})
"""Numbers that cars which give energy back may bring below zero; no other can be."""

_OUTER: Final = (0.05, 0.95)
"""Shares of the days below and above the band of days."""


def open_charging(directory: str | Path) -> xr.Dataset:
    """Open what charging did in a study, or in a single run; what is large is read when it is used.

    Parameters
    ----------
    directory
        A finished study, or a run directory: then ``scenario`` and ``sample`` have length 1.

    Returns
    -------
    Variables ``station_*`` over ``scenario``, ``sample``, ``station`` and most also over ``time`` (minutes); and
    `CHARGING_NUMBERS` over ``scenario``, ``sample``. Coordinates say where stations are, which feeder they hang on, and
    how many plugs they have in each scenario. What a run does not have is NaN.

    Raises
    ------
    InputError
        If it is neither, or nobody charges in it.
    StoreError
        If the study is not finished, or a file is damaged.
    """
    from trafficdiff.store.charging_stack import stack_stations
    from trafficdiff.store.study import PLAN

    directory = Path(directory)
    if not (directory / PLAN).is_file():
        return _of_run(directory)
    from trafficdiff.store.stack import open_study

    study = open_study(directory)
    results = study.results
    runs = {
        (name, sample): study.run_directory(name, sample)
        for name in study.scenarios
        for sample in range(study.samples)
        if results["run_state"].sel(scenario=name, sample=sample).item() != "failed"
    }
    stations = stack_stations(runs, scenarios=study.scenarios, samples=study.samples)
    numbers = {name: results[name].load() for name in CHARGING_NUMBERS if name in results}
    return stations.assign(numbers).assign_coords(run_state=results["run_state"].load())


def _of_run(directory: Path) -> xr.Dataset:
    from trafficdiff.store.charging_stack import stack_stations
    from trafficdiff.store.reading import open_run

    run = open_run(directory)
    name, metrics = run.scenario.name, run.metrics.data
    stations = stack_stations({(name, 0): directory}, scenarios=(name,), samples=1)
    stations = stations.assign_coords(sample=[run.provenance.sample])
    return stations.assign(
        {
            one: (("scenario", "sample"), np.array([[metrics[one].item()]], np.float64), attributes(one))
            for one in CHARGING_NUMBERS
            if one in metrics
        }
    )


def charging_bands(data: xr.Dataset, *, confidence: float = 0.95) -> pd.DataFrame:
    """Return how the numbers of charging stand in each scenario, one row a number and scenario.

    Columns ``kpi`` (a name in `trafficdiff.units`), ``unit``, ``scenario``, ``samples`` (how many have the number),
    ``mean``, ``low`` and ``high`` (bounds of the mean; NaN for one sample; what cannot be below zero has no bound
    there), ``day_low`` and ``day_high`` (nine days in ten lie between them).

    Parameters
    ----------
    data
        From `open_charging`.
    confidence
        Of the bounds of the mean.
    """
    import pandas as pd

    from trafficdiff.workflows.compare import number_levels

    if not 0.5 < confidence < 1:
        raise InputError(f"expected a confidence between 0.5 and 1, such as 0.95, got {confidence:g}")
    numbers = data[[name for name in CHARGING_NUMBERS if name in data]]
    parts = []
    for name in data["scenario"].to_numpy().astype(str):
        samples = data["sample"].to_numpy().tolist()
        levels = number_levels(numbers, name, samples=samples, confidence=confidence).rename(columns={"name": "kpi"})
        levels.insert(2, "scenario", name)
        bounded = ~levels["kpi"].isin(_SIGNED)
        levels.loc[bounded, "low"] = levels.loc[bounded, "low"].clip(lower=0.0)
        for column, share in zip(("day_low", "day_high"), _OUTER, strict=True):
            levels[column] = [_day(numbers[kpi].sel(scenario=name), share) for kpi in levels["kpi"]]
        parts.append(levels[levels["samples"] > 0])
    return pd.concat(parts, ignore_index=True)


def _day(values: xr.DataArray, share: float) -> float:
    known = values.to_numpy()[np.isfinite(values.to_numpy())]
    return float(np.quantile(known, share)) if len(known) else float("nan")


def feeder_bands(data: xr.Dataset) -> pd.DataFrame:
    """Return what each feeder sees, one row a scenario, feeder and minute.

    Columns ``scenario``, ``feeder`` (``""`` for stations without one), ``time_s`` [s of the day], ``mean``, ``day_low``
    and ``day_high`` [kW]: mean over the samples, and the band in which nine days in ten lie.

    Parameters
    ----------
    data
        From `open_charging`.
    """
    import pandas as pd

    from trafficdiff.metrics.charging_feeders import feeder_power

    parts = []
    for name in data["scenario"].to_numpy().astype(str):
        load = feeder_power(data.sel(scenario=name))
        held = load.dropna("sample", how="all").dropna("feeder", how="all")
        if not held.size:
            continue
        columns = {"mean": held.mean("sample")} | {
            column: held.quantile(share, dim="sample").drop_vars("quantile")
            for column, share in zip(("day_low", "day_high"), _OUTER, strict=True)
        }
        table = _columns(columns)
        table.insert(0, "scenario", name)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def _columns(arrays: dict[str, xr.DataArray]) -> pd.DataFrame:
    """Return arrays over ``feeder`` and ``time`` as columns of a table, a row a feeder and minute."""
    import pandas as pd

    first = next(iter(arrays.values())).transpose("feeder", "time")
    feeders, times_s = first["feeder"].to_numpy(), first["time"].to_numpy()
    table = {"feeder": np.repeat(feeders, len(times_s)), "time_s": np.tile(times_s, len(feeders))}
    return pd.DataFrame(
        table | {name: array.transpose("feeder", "time").to_numpy().ravel() for name, array in arrays.items()}
    )
