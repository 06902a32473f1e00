"""Say how a quantity stands on every road: by interval, over the whole window, and in the mean of many samples.

A run goes in as its dataset is stored: `metrics.run_metrics.compute`, or one run of a study. Over the window a quantity
is that of one long interval, so that it agrees with `metrics.whole_window`; over samples it is their mean, and of
grades the middle one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import InputError
from trafficdiff.metrics.level_of_service import GRADES, street_level_of_service
from trafficdiff.metrics.moments import sample_moments
from trafficdiff.units import METRES_PER_KILOMETRE, SECONDS_PER_HOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import xarray as xr
    from numpy.typing import NDArray

__all__ = ["GRADED", "LEVELS", "RoadLevels", "area_level", "interval_level", "mean_levels", "window_level"]

LEVELS: Final = (
    "speed", "delay", "delay_per_vehicle", "travel_time_index", "flow", "density", "queue_length",
    "street_level_of_service", "co2_mass",
)  # fmt: skip
"""Quantities that can be shown of roads, by their name in `trafficdiff.units`."""

GRADED: Final = frozenset({"street_level_of_service"})
"""Those that are grades, of which there is a middle one and no mean."""


@dataclass(frozen=True, eq=False)
class RoadLevels:
    """Hold how a quantity stands, in its unit of `trafficdiff.units`; NaN where nobody drove.

    Parameters
    ----------
    window
        Shape (E,), over the whole window.
    intervals
        Shape (T, E).
    samples
        How many runs it is the mean of.
    """

    window: NDArray[np.float64]
    intervals: NDArray[np.float64]
    samples: int


def interval_level(run: xr.Dataset, name: str) -> NDArray[np.float64]:
    """Return a quantity of one run by interval and edge, shape (T, E).

    Raises
    ------
    InputError
        If the run does not have it; the quantities that are known are listed.
    """
    _refuse_unknown(run, name)
    if name == "travel_time_index":
        return _ratio(_values(run, "sampled_time"), _values(run, "travel_distance") / _edges(run, "edge_speed_limit"))
    return _values(run, name)


def window_level(run: xr.Dataset, name: str) -> NDArray[np.float64]:
    """Return a quantity of one run by edge over the whole window, shape (E,).

    Raises
    ------
    InputError
        As `interval_level`.
    """
    _refuse_unknown(run, name)
    if name in GRADED:
        return _graded(run)
    return _OVER_WINDOW[name](run)


def area_level(run: xr.Dataset, name: str) -> NDArray[np.float64]:
    """Return a quantity of one run for all roads together by interval, shape (T,).

    Sums are summed over the roads, means are those of the vehicles (speed: distance over time; delay of a vehicle:
    delay over traversals). Flow and density are Edie's per lane (`metrics.fundamental_diagram`), grades have none.

    Raises
    ------
    InputError
        As `interval_level`, and for grades.
    """
    _refuse_unknown(run, name)
    if name in GRADED:
        raise InputError(f"expected a quantity that can be added up over roads, got the grade {name!r}; choose speed")
    if name in _AREA:
        return np.asarray(run[_AREA[name]].to_numpy(), np.float64)
    spent, driven = _total(run, "sampled_time", axis=1), _total(run, "travel_distance", axis=1)
    if name == "delay_per_vehicle":
        crossed = np.nansum(_values(run, "travel_distance") / _edges(run, "edge_length"), axis=1)
        return _ratio(_total(run, "delay", axis=1), crossed)
    if name == "travel_time_index":
        needed = np.nansum(_values(run, "travel_distance") / _edges(run, "edge_speed_limit"), axis=1)
        return _ratio(spent, needed)
    return _ratio(driven, spent) if name == "speed" else _total(run, name, axis=1)


def mean_levels(results: xr.Dataset, name: str, *, scenario: str, samples: Sequence[int]) -> RoadLevels:
    """Return the mean over samples, read one after the other, so that memory holds a few arrays of one run's size.

    Parameters
    ----------
    results
        With leading ``scenario`` and ``sample``, as `store.stack.Study.results`.
    name
        One of `LEVELS`.
    scenario, samples
        Which; at least one.
    """
    runs = [results.sel(scenario=scenario, sample=sample) for sample in samples]
    merge = _middle_grade if name in GRADED else _mean
    window = merge(window_level(run, name) for run in runs)
    return RoadLevels(window, merge(interval_level(run, name) for run in runs), len(runs))


def _mean(samples: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    return sample_moments(samples).mean_or_nan


def _middle_grade(samples: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the middle grade by place, the better one of two; NaN where no sample has one."""
    counts: NDArray[np.int32] | None = None
    for codes in samples:
        here = np.stack([codes == code for code in range(len(GRADES))]).astype(np.int32)
        counts = here if counts is None else counts + here
    if counts is None:
        raise ValueError("expected at least one sample, got none")
    so_far, total = counts.cumsum(axis=0), counts.sum(axis=0)
    return np.where(total > 0, (2 * so_far >= total).argmax(axis=0), np.nan)


def _refuse_unknown(run: xr.Dataset, name: str) -> None:
    needed = "sampled_time" if name == "travel_time_index" else name
    if name not in LEVELS or needed not in run:
        known = ", ".join(level for level in LEVELS if level in run)
        raise InputError(f"expected a quantity of roads that the run has ({known}), got {name!r}")


def _values(run: xr.Dataset, name: str) -> NDArray[np.float64]:
    return np.asarray(run[name].to_numpy(), np.float64)


def _edges(run: xr.Dataset, name: str) -> NDArray[np.float64]:
    return np.asarray(run[name].to_numpy(), np.float64)


def _total(run: xr.Dataset, name: str, *, axis: int = 0) -> NDArray[np.float64]:
    return np.asarray(np.nansum(_values(run, name), axis=axis))


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(above / np.where(below > 0, below, np.nan))


def _length_s(run: xr.Dataset) -> NDArray[np.float64]:
    """Return the length of every interval [s]; after its roads were empty a run of a study goes on without vehicles."""
    length_s = np.nan_to_num(np.asarray(run["interval_length"].to_numpy(), np.float64))
    return np.where(length_s > 0, length_s, length_s.max(initial=0.0))


def _per_region(run: xr.Dataset, name: str) -> NDArray[np.float64]:
    """Return vehicle-metres or vehicle-seconds over the edge's length and the window's (Edie 1963)."""
    there = np.where(np.isnan(_edges(run, "edge_length")), np.nan, _total(run, name))
    return np.asarray(there / (_edges(run, "edge_length") * _length_s(run).sum()))


def _graded(run: xr.Dataset) -> NDArray[np.float64]:
    spent, driven = _total(run, "sampled_time"), _total(run, "travel_distance")
    window = run[["edge_speed_limit"]].assign(sampled_time=("edge", spent), travel_distance=("edge", driven))
    return np.asarray(street_level_of_service(window.expand_dims(time=[0.0])).to_numpy()[0], np.float64)


def _mean_queue(run: xr.Dataset) -> NDArray[np.float64]:
    length_s = _length_s(run)
    return np.asarray((_values(run, "queue_length") * length_s[:, None]).sum(axis=0) / length_s.sum())


_OVER_WINDOW: Final[dict[str, Callable[[xr.Dataset], NDArray[np.float64]]]] = {
    "speed": lambda run: _ratio(_total(run, "travel_distance"), _total(run, "sampled_time")),
    "delay": lambda run: _total(run, "delay"),
    "delay_per_vehicle": lambda run: _ratio(
        _total(run, "delay"), _total(run, "travel_distance") / _edges(run, "edge_length")
    ),
    "travel_time_index": lambda run: _ratio(
        _total(run, "sampled_time"), _total(run, "travel_distance") / _edges(run, "edge_speed_limit")
    ),
    "flow": lambda run: _per_region(run, "travel_distance") * SECONDS_PER_HOUR,
    "density": lambda run: _per_region(run, "sampled_time") * METRES_PER_KILOMETRE,
    "queue_length": _mean_queue,
    "co2_mass": lambda run: _total(run, "co2_mass"),
}
_AREA: Final = {"flow": "area_flow", "density": "area_density"}
