"""Compare how many trips use each edge.

Flows here are numbers of trips over an edge, zeros included. Choose the edges (for the protocol: the drivable ones)
and match the totals before comparing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.metrics.geh import geh_share

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["flow_pearson", "flow_spearman", "geh5_all", "geh5_used", "rmse_sqrt_flow", "trips_over_edges"]

_EQUAL: Final = 1e-12


def trips_over_edges(
    edges: NDArray[np.integer[Any]],
    offsets: NDArray[np.int64],
    *,
    edge_count: int,
    weight: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the number of passages of trips over each edge, shape (E,).

    Parameters
    ----------
    edges, offsets
        CSR of the routes, shape (R,) and (T + 1,). A trip that passes an edge twice counts twice.
    edge_count
        E.
    weight
        Shape (T,), what each trip counts; 1 if left out.
    """
    each = None if weight is None else np.repeat(weight, np.diff(offsets))
    return np.bincount(edges, weights=each, minlength=edge_count).astype(np.float64)


def flow_pearson(modelled: NDArray[np.float64], observed: NDArray[np.float64]) -> float:
    """Return Pearson's correlation of two flows, shape (E,) each; NaN if one of them is the same everywhere."""
    one, other = modelled - modelled.mean(), observed - observed.mean()
    spread = float(np.sqrt((one @ one) * (other @ other)))
    scale = float(np.abs(modelled).max() * np.abs(observed).max()) * len(modelled)
    return float(np.clip(one @ other / spread, -1.0, 1.0)) if spread > _EQUAL * scale else np.nan


def flow_spearman(modelled: NDArray[np.float64], observed: NDArray[np.float64]) -> float:
    """Return Spearman's rank correlation of two flows: Pearson's of their ranks, ties at their mean rank."""
    from scipy.stats import rankdata

    return flow_pearson(rankdata(modelled), rankdata(observed))


def rmse_sqrt_flow(modelled: NDArray[np.float64], observed: NDArray[np.float64]) -> float:
    """Return the root mean squared difference of the square roots of two flows [square root of trips].

    The square root makes the sampling noise of a count the same everywhere: standard deviation 1/2 (Bartlett 1936,
    "The square root transformation in analysis of variance", Supplement to the JRSS 3(1)).
    """
    return float(np.sqrt(np.mean((np.sqrt(modelled) - np.sqrt(observed)) ** 2)))


def geh5_used(modelled: NDArray[np.float64], observed: NDArray[np.float64], *, hours: float) -> float:
    """Return the share with GEH < 5 of the edges that are used in either flow; NaN if none is.

    Parameters
    ----------
    modelled, observed
        Shape (E,), trips.
    hours
        Time that the trips were counted over [h]: GEH is defined on hourly flows.
    """
    used = (modelled > 0) | (observed > 0)
    return geh_share(modelled[used] / hours, observed[used] / hours)


def geh5_all(modelled: NDArray[np.float64], observed: NDArray[np.float64], *, hours: float) -> float:
    """Return the share of all edges with GEH < 5, those that nobody uses included; see `geh5_used`."""
    return geh_share(modelled / hours, observed / hours)
