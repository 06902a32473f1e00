"""Take quantiles of values that stand for different numbers of vehicles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

__all__ = ["weighted_quantile"]


def weighted_quantile(
    values: xr.DataArray, weights: xr.DataArray, *, share: float, over: Sequence[str]
) -> xr.DataArray:
    """Return the smallest value that at least `share` of the weight does not exceed.

    This is the inverse of the weighted empirical distribution function (type 1 of Hyndman and Fan 1996,
    Sample quantiles in statistical packages, The American Statistician 50, 361-365). It is always a value that
    occurred, and splitting an observation into parts of the same value does not change it.

    Parameters
    ----------
    values, weights
        Same dimensions after broadcasting; weights not negative. Pairs with a NaN, or without weight, are left out.
    share
        From 0 to 1.
    over
        Dimensions to reduce.

    Returns
    -------
    The remaining dimensions; NaN where there is no weight.
    """
    import xarray as xr

    values, weights = xr.broadcast(values, weights)
    return xr.apply_ufunc(  # type: ignore[no-any-return]
        _quantile_of_last,
        values,
        weights,
        input_core_dims=[list(over), list(over)],
        kwargs={"share": share, "axes": len(over)},
        keep_attrs=False,
    )


def _quantile_of_last(
    values: NDArray[np.float64], weights: NDArray[np.float64], *, share: float, axes: int
) -> NDArray[Any]:
    shape = values.shape[: values.ndim - axes]
    values, weights = values.reshape(*shape, -1), weights.reshape(*shape, -1)
    used = np.isfinite(values) & (weights > 0)
    values, weights = np.where(used, values, np.inf), np.where(used, weights, 0.0)
    order = np.argsort(values, axis=-1, kind="stable")
    ascending = np.take_along_axis(values, order, axis=-1)
    covered = np.cumsum(np.take_along_axis(weights, order, axis=-1), axis=-1)
    total = covered[..., -1:]
    # A rounding error in the sum must not push the quantile to the next value.
    enough = covered >= share * total * (1 - 1e-12)
    place = np.argmax(enough & (covered > 0), axis=-1, keepdims=True)
    found = np.take_along_axis(ascending, place, axis=-1)
    return np.asarray(np.where(total > 0, found, np.nan)[..., 0])
