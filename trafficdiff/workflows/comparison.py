"""Hold what a comparison of two scenarios found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.metrics.kpi_changes import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd
    import xarray as xr

__all__ = ["SHOWN_ROADS", "Comparison"]

SHOWN_ROADS: Final = 10
"""How many of the roads with the largest changes are named, of each quantity and sign."""
_EDGE_COLUMNS: Final = ("edge_id", "street")


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparison:
    """Represent the comparison of a scenario with its base, sample by sample.

    Parameters
    ----------
    base, scenario
        Names.
    samples
        Numbers of the samples in which both have a run.
    left_out
        Numbers of the samples in which one has none.
    paired
        Whether both have the same random numbers in a sample.
    confidence, rate
        Of the intervals; of false discoveries among roads, intervals of the day, and zones.
    kpis
        One row a number of the area; see `metrics.kpi_changes`.
    edges
        One row an edge of either network, over the whole window, with its line; columns
        ``QUANTITY_base``, ``_scenario``, ``_difference``, ``_low``, ``_high`` (with the unit at the end), ``_p``,
        ``_q``, ``_distinguishable``. ``status`` is ``both``, ``added``, ``removed`` or ``unmatched``; only the first
        has differences.
    intervals
        The same by interval of the day: dims ``time`` and ``edge``.
    zones
        One row a zone and end of the trips (``origin``, ``destination``); see `metrics.trip_changes`.
    fates
        What became of the base's trips in the scenario, as means a sample; ``new`` are trips that the base has not.
    ranking
        All scenarios of the study by one number; see `metrics.ranking`.
    ranked_by
        That number.
    warnings
        What must be known before the rest is believed.
    directory, pictures
        Where it was written, and its maps; None and nothing if it was not.
    """

    base: str
    scenario: str
    samples: tuple[int, ...]
    left_out: tuple[int, ...]
    paired: bool
    confidence: float
    rate: float
    kpis: pd.DataFrame
    edges: gpd.GeoDataFrame
    intervals: xr.Dataset
    zones: pd.DataFrame
    fates: Mapping[str, float]
    ranking: pd.DataFrame
    ranked_by: str
    warnings: tuple[str, ...] = ()
    directory: Path | None = None
    pictures: tuple[Path, ...] = ()

    @property
    def identical(self) -> bool:
        """Whether every number of the area is the same in every sample."""
        known = self.kpis.loc[self.kpis["samples"] > 0]
        return bool((known["verdict"] == VERDICTS["same"]).all())

    def roads(self, status: str) -> list[dict[str, str]]:
        """Return id and street of the edges with a status."""
        found = self.edges.loc[self.edges["status"] == status, list(_EDGE_COLUMNS)]
        return [{str(key): str(value) for key, value in row.items()} for row in found.to_dict("records")]

    def largest(self, quantity: str, *, count: int = SHOWN_ROADS) -> dict[str, list[dict[str, Any]]]:
        """Return the distinguishable edges with the largest increase and decrease of a quantity."""
        prefix = f"{quantity}_difference"
        column = next(str(name) for name in self.edges.columns if str(name).startswith(prefix))
        shown = self.edges.loc[self.edges[f"{quantity}_distinguishable"]]
        shown = shown.sort_values(column, kind="stable")[[*_EDGE_COLUMNS, column, f"{quantity}_q"]]
        more, less = shown.loc[shown[column] > 0].iloc[::-1], shown.loc[shown[column] < 0]
        return {"more": _records(more.head(count)), "less": _records(less.head(count))}

    def counts(self, quantity: str) -> dict[str, int]:
        """Return how many edges, and how many pairs of edge and interval, were tested and are distinguishable."""
        found = {
            "edges_tested": int(self.edges[f"{quantity}_p"].notna().sum()),
            "edges_distinguishable": int(self.edges[f"{quantity}_distinguishable"].sum()),
        }
        if f"{quantity}_p" in self.intervals:
            p, shown = self.intervals[f"{quantity}_p"], self.intervals[f"{quantity}_distinguishable"]
            found["intervals_tested"] = int(np.isfinite(p.to_numpy()).sum())
            found["intervals_distinguishable"] = int(shown.to_numpy().sum())
        return found

    @property
    def quantities(self) -> list[str]:
        """Quantities that are compared by edge."""
        ending = "_distinguishable"
        return [str(name).removesuffix(ending) for name in self.edges.columns if str(name).endswith(ending)]

    def summary(self) -> dict[str, Any]:
        """Return everything but the tables by edge as plain data; what is not known is None."""
        content = {
            "base": self.base,
            "scenario": self.scenario,
            "samples": list(self.samples),
            "samples_left_out": list(self.left_out),
            "paired": self.paired,
            "confidence": self.confidence,
            "false_discovery_rate": self.rate,
            "identical": self.identical,
            "kpis": _records(self.kpis),
            "roads": {status: self.roads(status) for status in ("added", "removed", "unmatched")},
            "edges": {name: self.counts(name) | self.largest(name) for name in self.quantities},
            "trips": dict(self.fates),
            "zones": _records(self.zones.drop(columns="geometry", errors="ignore")),
            "ranked_by": self.ranked_by,
            "ranking": _records(self.ranking),
            "warnings": list(self.warnings),
            "directory": None if self.directory is None else str(self.directory),
            "pictures": [str(path) for path in self.pictures],
        }
        return {name: _plain(value) for name, value in content.items()}


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it: NaN becomes None, NumPy's numbers Python's."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
