"""Give the simulated numbers of a run one name.

The hash covers what was simulated (every variable by interval, edge and second, the trip table, the counts, what
charging did where somebody charged, and the walks where somebody walked), not what was asked for and not when or how it
was run, so that runs are the same exactly if their results are.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.result import TRIP_COLUMNS
from trafficdiff.datatypes.walks import WALK_COLUMNS

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from trafficdiff.datatypes.charging_result import ChargingResult
    from trafficdiff.datatypes.result import SimulationResult

__all__ = ["result_hash"]

_DIGITS: Final = 10
"""Significant digits that count; the twelfth may differ between two builds of the same arithmetic."""


def result_hash(result: SimulationResult, charging: ChargingResult | None = None) -> str:
    """Return the SHA-256 of a result's simulated numbers, hexadecimal; those of charging too, where there are any.

    Names, dimensions, shapes and values enter in sorted order; values are rounded to ten significant digits. Trips
    enter by id. Coordinates that describe the roads (lengths, limits), attributes and file times do not enter.
    """
    digest = hashlib.sha256()
    _add_data(digest, result.data)
    trips = result.trips.sort_values("trip_id", kind="stable")
    for name in sorted(TRIP_COLUMNS):
        _add(digest, f"trips.{name}", trips[name].to_numpy())
    digest.update(json.dumps(asdict(result.counts), sort_keys=True).encode())
    if result.walks is not None and result.walk_counts is not None:
        walks = result.walks.sort_values("walk_id", kind="stable")
        for name in sorted(WALK_COLUMNS):
            _add(digest, f"walks.{name}", walks[name].to_numpy())
        digest.update(json.dumps(asdict(result.walk_counts), sort_keys=True).encode())
    if charging is not None:
        _add_data(digest, charging.data)
        for what, table in (("cars", charging.cars), ("sessions", charging.sessions)):
            for name in sorted(table.columns):
                _add(digest, f"{what}.{name}", table[name].to_numpy())
    return digest.hexdigest()


def _add_data(digest: Any, data: xr.Dataset) -> None:
    for name in sorted({*map(str, data.data_vars), *(str(name) for name in data.indexes)}):
        variable = data[name]
        _add(digest, f"{name} {variable.dims}", variable.to_numpy())


def _add(digest: Any, name: str, values: NDArray[Any]) -> None:
    digest.update(json.dumps([name, list(values.shape)]).encode())
    if values.dtype.kind in "fiub":
        mantissa, exponent = _canonical(values.astype(np.float64))
        digest.update(mantissa.astype("<i8").tobytes())
        digest.update(exponent.astype("<i2").tobytes())
    else:
        digest.update(json.dumps([str(value) for value in values.ravel()]).encode())


def _canonical(values: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return numbers as whole mantissas of ten digits and decimal exponents; -0 is 0, every NaN is the same."""
    usual = np.isfinite(values) & (values != 0)
    exponent = np.zeros(values.shape, np.int64)
    exponent[usual] = np.floor(np.log10(np.abs(values[usual]))).astype(np.int64)
    mantissa = np.zeros(values.shape, np.int64)
    scaled = values[usual] / 10.0 ** exponent[usual] * 10.0 ** (_DIGITS - 1)
    mantissa[usual] = np.rint(scaled).astype(np.int64)
    for place, strange in enumerate((np.isnan(values), np.isposinf(values), np.isneginf(values)), start=1):
        exponent[strange] = 10_000 + place
    return mantissa, exponent
