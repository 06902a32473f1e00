"""Leave out of exported tables what fewer than ten given trips did: numbers of roads that a few people drove on.

Synthetic trips stay whole; what they tell of observed ones is measured by `trafficdiff privacy`. Where a file gave the
trips, they may be people's: a road with fewer than ten vehicles loses all of its numbers, and one on which fewer than
ten began or ended their trips loses its four counts, for three of them give away the fourth.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.disclosure import LEAST_IN_CELL
from trafficdiff.metrics.privacy_cells import small_cells
from trafficdiff.units import QUANTITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

__all__ = ["shareable_dataset", "shareable_tables"]

_COUNTS: Final = ("entered", "departed", "left", "arrived")

_logger = logging.getLogger(__name__)


def shareable_tables(
    tables: Mapping[str, pd.DataFrame], *, synthetic: bool, least: int | None = None
) -> dict[str, pd.DataFrame]:
    """Return tables without the numbers of roads that too few given trips drove on.

    Parameters
    ----------
    tables
        By name; those that do not count vehicles by road are left as they are.
    synthetic
        Whether the trips were made up: then nothing is left out.
    least
        Fewest vehicles; `LEAST_IN_CELL` if None, 0 leaves nothing out.
    """
    from trafficdiff.export.tables import column_of

    threshold = _threshold(least, synthetic=synthetic)
    columns = {column_of(name) for name, quantity in QUANTITIES.items() if "edge" in quantity.dims}
    made = dict(tables)
    for name, table in tables.items():
        if not threshold or not set(_COUNTS) <= set(table.columns):
            continue
        whole, counts = _too_few(*(table[count].to_numpy(float) for count in _COUNTS), least=threshold)
        shown = table.copy()
        for column in columns & set(table.columns):
            if whole.any() and _is_measured(column):
                shown[column] = table[column].mask(whole)
        for column in _COUNTS:
            shown[column] = table[column].mask(whole | counts)
        made[name] = shown
        _logger.warning(
            "%s: %s of %s rows have numbers left out that stem from fewer than %d given trips; for use inside your own "
            "house give --least-vehicles 0", name, f"{int((whole | counts).sum()):,}", f"{len(table):,}", threshold,
        )  # fmt: skip
    return made


def shareable_dataset(dataset: xr.Dataset, *, synthetic: bool, least: int | None = None) -> xr.Dataset:
    """Return a dataset over edges and intervals with NaN where too few given trips drove; arguments as above."""
    threshold = _threshold(least, synthetic=synthetic)
    if not threshold or not set(_COUNTS) <= set(dataset.data_vars):
        return dataset
    whole, counts = (
        dataset[_COUNTS[0]].copy(data=mask)
        for mask in _too_few(*(dataset[count].to_numpy() for count in _COUNTS), least=threshold)
    )
    made = dataset
    for name, array in dataset.data_vars.items():
        if {"edge", "time"} <= set(array.dims):
            hidden = whole | counts if name in _COUNTS else whole
            made = made.assign({name: array.where(~hidden)})
        elif "edge" in array.dims and _is_measured(str(name)):
            always = whole.all([dim for dim in whole.dims if dim not in array.dims])
            made = made.assign({name: array.where(~always)})
    return made


def _threshold(least: int | None, *, synthetic: bool) -> int:
    return 0 if synthetic else LEAST_IN_CELL if least is None else least


def _too_few(
    entered: NDArray[np.float64], departed: NDArray[np.float64],
    left: NDArray[np.float64], arrived: NDArray[np.float64],
    *, least: int,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:  # fmt: skip
    """Return where all numbers go, and where the counts go, of the arrays' shape."""
    there = np.maximum(np.nan_to_num(entered + departed), np.nan_to_num(left + arrived))
    ends = small_cells(np.nan_to_num(departed), least=least) | small_cells(np.nan_to_num(arrived), least=least)
    through = small_cells(np.nan_to_num(entered), least=least) | small_cells(np.nan_to_num(left), least=least)
    return small_cells(there, least=least), np.asarray(ends | through)


def _is_measured(name: str) -> bool:
    """Return whether a number by edge stems from trips, and not from the roads alone."""
    return not name.startswith(("edge_", "free_flow"))
