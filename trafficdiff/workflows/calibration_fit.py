"""Say how well calibrated demand fits its data, which data contradict each other, and what the fit cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from trafficdiff.datatypes.counts import Counts
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.datatypes.zone_totals import ZoneTotals
    from trafficdiff.workflows.calibration_clashes import Clash

__all__ = ["CARD_FORMAT", "Solved", "cost_of", "fit_of"]

CARD_FORMAT: Final = "trafficdiff calibration 1"
_GEH: Final = 5.0
"""Beyond it a count is not met: TAG unit M3.1, section 3.3."""
_SHARED: Final = 0.2
"""Two targets speak of the same trips where one shares at least so much of its trips with the other."""
_OTHER_NUMBER: Final = 0.1
_MOST_NAMED: Final = 100


@dataclass(frozen=True, eq=False, kw_only=True)
class Solved:
    """Hold the weights of candidates. ``T`` candidates, ``C`` targets: counts first, then totals.

    Parameters
    ----------
    trips
        The candidates.
    hits, wanted
        Shapes (T, C) and (C,): what targets count, and what they want.
    prior, weight
        Shape (T,), trips that each candidate stands for, before and after; both add up to what was asked for.
    multiplier
        Shape (C,), logarithm of the factor of each target.
    slopes
        How far the prior leant, by the quality's name.
    asked_for
        Trips that the data would have, were their number free; NaN where they say nothing of it.
    clashes
        Counts on one stretch of road that are far apart.
    """

    trips: TripSet
    hits: csr_matrix
    wanted: NDArray[np.float64]
    prior: NDArray[np.float64]
    weight: NDArray[np.float64]
    multiplier: NDArray[np.float64]
    slopes: dict[str, float]
    asked_for: float
    clashes: list[Clash]


def fit_of(
    solved: Solved,
    counts: Counts | None,
    totals: ZoneTotals | None,
    observed: TripSet | None,
    *,
    rows: NDArray[np.int64],
    window_s: tuple[float, float],
) -> dict[str, Any]:
    """Return how well the chosen candidates, shape (N,), meet the data, as plain data."""
    modelled: NDArray[np.float64] = np.asarray(solved.hits[rows].sum(axis=0), np.float64).ravel()
    places = 0 if counts is None else len(counts)
    names, hours = _said(counts, totals, window_s)
    geh = _geh(modelled, solved.wanted, hours)
    found = _contradictions(solved, modelled, geh, names)
    fit: dict[str, Any] = {"counts": None, "totals": None, "observed": None, "notes": _notes(solved, len(rows))}
    if counts is not None:
        fit["counts"] = _summary(modelled[:places], solved.wanted[:places], geh[:places]) | {
            "places": places,
            "contradictions": [one for one in found if one["target"] < places],
            "rows": _count_rows(counts, modelled[:places], geh[:places]),
        }
    if totals is not None:
        inside = totals.zone[np.arange(totals.graph.edge_count)]
        fit["totals"] = _summary(modelled[places:], solved.wanted[places:], geh[places:]) | {
            "zones": len(np.unique(inside[inside >= 0])),
            "contradictions": [one for one in found if one["target"] >= places],
            "rows": [
                {
                    "said": totals.said(row),
                    "wanted": float(totals.trips[row]),
                    "modelled": float(modelled[places + row]),
                }
                for row in range(len(totals))
            ],
        }
    if observed is not None:
        fit["observed"] = {"trips": len(observed), "copied_routes": _copied(solved.trips, rows, observed)}
    return fit


def cost_of(made: TripSet, uncalibrated: TripSet, solved: Solved) -> dict[str, float]:
    """Return what calibration cost in realism, beside demand that knows nothing of the data.

    ``jsd_length`` compares the lengths of both; ``on_fastest_way`` is the share of the routes' length that lies on the
    fastest way between their ends; ``kl_nats`` how far a trip's chances moved (relative entropy), and
    ``effective_share`` the share of the candidates that the weights leave in effect (Kong 1992).
    """
    from trafficdiff.metrics.divergence import jensen_shannon
    from trafficdiff.metrics.realism import length_bins

    lengths = [trips.sum_over_route(trips.graph.length_m) for trips in (made, uncalibrated)]
    bins = length_bins(lengths[1])
    one, other = (np.histogram(length, bins)[0] for length in lengths)
    p, w = solved.prior / solved.prior.sum(), solved.weight / solved.weight.sum()
    ratio = np.divide(w, p, out=np.zeros_like(w), where=p > 0)
    return {
        "jsd_length": round(jensen_shannon(one, other), 4),
        "mean_length_ratio": round(float(lengths[0].mean() / lengths[1].mean()), 4),
        "on_fastest_way": round(_on_fastest_way(made), 4),
        "on_fastest_way_uncalibrated": round(_on_fastest_way(uncalibrated), 4),
        "kl_nats": round(float((w[w > 0] * np.log(ratio[w > 0])).sum()), 4),
        "effective_share": round(float(1 / (w @ ratio)), 4),
    }


def _on_fastest_way(trips: TripSet) -> float:
    """Return the share of the routes' length [m of m] that the fastest ways between their ends have, too."""
    from trafficdiff.demand.fastest import fastest_paths

    graph, count = trips.graph, len(trips)
    ends = trips.edges[trips.offsets[:-1]], trips.edges[trips.offsets[1:] - 1]
    ways = fastest_paths(
        graph, ends, mask=trips.class_mask, time_s=graph.free_flow_time_s[None], row=np.zeros(count, np.int64)
    )
    own = np.repeat(np.arange(count), trips.route_lengths).astype(np.int64) * graph.edge_count + trips.edges
    fast = np.repeat(np.arange(count), ways.lengths).astype(np.int64) * graph.edge_count + ways.edges
    length_m = graph.length_m[trips.edges]
    return float(length_m[np.isin(own, fast)].sum() / length_m.sum())


def _said(
    counts: Counts | None, totals: ZoneTotals | None, window_s: tuple[float, float]
) -> tuple[list[str], NDArray[np.float64]]:
    """Return in words what each target counts, and over how many hours."""
    names: list[str] = []
    hours: list[NDArray[np.float64]] = []
    if counts is not None:
        ids = counts.graph.edge_id
        names += [
            f"edge {ids[edge]!r}, {begin_s:g} to {end_s:g} s"
            for edge, begin_s, end_s in zip(counts.edge, counts.begin_s, counts.end_s, strict=True)
        ]
        hours.append(counts.end_s - counts.begin_s)
    if totals is not None:
        names += [totals.said(row) for row in range(len(totals))]
        hours.append(np.minimum(totals.end_s, window_s[1]) - np.maximum(totals.begin_s, window_s[0]))
    return names, np.concatenate(hours) / 3_600.0 if hours else np.zeros(0)


def _geh(modelled: NDArray[np.float64], wanted: NDArray[np.float64], hours: NDArray[np.float64]) -> NDArray[np.float64]:
    both = modelled + wanted
    return np.sqrt(2 * (modelled - wanted) ** 2 / np.where(both > 0, both, 1.0) / np.maximum(hours, 1e-9))


def _summary(modelled: NDArray[np.float64], wanted: NDArray[np.float64], geh: NDArray[np.float64]) -> dict[str, Any]:
    gap = modelled - wanted
    return {
        "share_geh5": round(float((geh < _GEH).mean()), 4),
        "mean_error": round(float(np.abs(gap).mean()), 3),
        "rmse": round(float(np.sqrt((gap**2).mean())), 3),
        "wanted": float(wanted.sum()),
        "modelled": float(modelled.sum()),
    }


def _count_rows(counts: Counts, modelled: NDArray[np.float64], geh: NDArray[np.float64]) -> list[dict[str, Any]]:
    ids = counts.graph.edge_id
    return [
        {"edge": str(ids[edge]), "begin_s": float(begin_s), "end_s": float(end_s), "counted": float(counted),
         "modelled": float(got), "geh": round(float(distance), 2)}
        for edge, begin_s, end_s, counted, got, distance in zip(
            counts.edge, counts.begin_s, counts.end_s, counts.count, modelled, geh, strict=True
        )
    ]  # fmt: skip


def _contradictions(
    solved: Solved, modelled: NDArray[np.float64], geh: NDArray[np.float64], names: list[str]
) -> list[dict[str, Any]]:
    """Return the targets that are not met, each with the one that pulls the same trips the other way, if any does."""
    found = [_clash(solved, clash.rows, modelled, names) for clash in solved.clashes]
    named = {row for clash in solved.clashes for row in clash.rows}
    served = np.asarray((solved.hits > 0).sum(axis=0)).ravel()
    columns = solved.hits.tocsc()
    for target in np.argsort(-geh, kind="stable")[:_MOST_NAMED]:
        if geh[target] < _GEH:
            break
        if target in named:
            continue
        against, shared = _against(solved, columns, int(target))
        said = f"{names[target]}: wanted {solved.wanted[target]:g}, got {modelled[target]:g}"
        if not served[target]:
            cause = "no trip can pass there, or none of the vehicle class that is drawn"
        elif against is None:
            cause = "the trips that could meet it are not believed in, or their number is too small or too great"
        else:
            cause = (
                f"{shared:.0%} of its trips are counted by {names[against]}, too: wanted {solved.wanted[against]:g}, "
                f"got {modelled[against]:g}"
            )
        found.append(
            {"target": int(target), "against": against, "shared": round(shared, 3), "said": f"{said}; {cause}"}
        )
    return found


def _clash(solved: Solved, rows: tuple[int, ...], modelled: NDArray[np.float64], names: list[str]) -> dict[str, Any]:
    """Return in words what one stretch of road is counted as."""
    counted = "; ".join(f"{names[row]}: counted {solved.wanted[row]:g}, got {modelled[row]:g}" for row in rows)
    gap = solved.wanted[rows[0]] - solved.wanted[rows[-1]]
    said = f"{counted}; no turn lies between them, so {gap:g} trips would have to begin or end there"
    return {"target": int(rows[0]), "against": int(rows[-1]), "shared": 1.0, "said": said}


def _against(solved: Solved, columns: Any, target: int) -> tuple[int | None, float]:
    """Return the target that pulls most of the same trips the other way, and the share of trips that they share."""
    own = solved.weight * columns[:, [target]].toarray().ravel()
    whole = own.sum()
    if whole <= 0:
        return None, 0.0
    shared = np.minimum(np.asarray(solved.hits.T @ own).ravel() / whole, 1.0)
    other_way = (np.sign(solved.multiplier) == -np.sign(solved.multiplier[target])) & (shared >= _SHARED)
    if not other_way.any():
        return None, 0.0
    pull = np.where(other_way, shared * np.abs(solved.multiplier), 0.0)
    strongest = int(pull.argmax())
    return strongest, float(shared[strongest])


def _notes(solved: Solved, count: int) -> list[str]:
    """Say what a person should know of the data as a whole."""
    asked = solved.asked_for
    if np.isfinite(asked) and abs(asked / count - 1) > _OTHER_NUMBER:
        return [f"{count:,} trips were asked for; the data fit best with about {asked:,.0f}"]
    return []


def _copied(trips: TripSet, rows: NDArray[np.int64], observed: TripSet) -> float:
    """Return the share of the chosen trips whose route is, edge for edge, one of the observed routes."""
    from trafficdiff.metrics.route_copies import copied

    same = copied(trips.edges, trips.offsets, known_edges=observed.edges, known_offsets=observed.offsets)
    return round(float(same[rows].mean()), 4)
