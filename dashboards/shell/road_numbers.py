"""Say what the map and the table beside it show of roads: which numbers, in what unit, packed once for every reader.

::

    metric          over the whole period, and by interval                 from
    change_delay    change against the base; grey where it may be chance   comparison
    delay           level in the scenario, beside it in the base           means over samples

Sums (delay, carbon dioxide) are shown an hour, so that an interval and the whole period stand on one scale.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import streamlit as st

from dashboards.shell.opening import BY_CONTENT, Compared, Opened, drawn_roads
from dashboards.shell.words import plain_word
from trafficdiff.export.difference_map import limit_of
from trafficdiff.export.map_data import MapData, RoadValues, encode, roads_of
from trafficdiff.metrics.road_levels import GRADED, mean_levels
from trafficdiff.units import SECONDS_PER_HOUR

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["METRICS", "RoadMetric", "RoadTable", "map_values", "metrics_of", "road_blob", "road_table", "shown_factor"]

_MINUTE_S: Final = 60.0
_SHARE_IN_SCALE: Final = 0.9
_LEVEL_SHARE_IN_SCALE: Final = 0.96
_INDEX_LIMITS: Final = (1.0, 4.0)
"""From a free road to one that takes four times as long."""


@dataclass(frozen=True, kw_only=True)
class RoadMetric:
    """Say how a number of roads is shown.

    Parameters
    ----------
    name
        As in the URL; the words are ``congestion.metric_<name>`` and ``congestion.about_<name>``.
    quantity
        As in `trafficdiff.units`.
    unit
        Stands behind the number; the word is ``congestion.unit_<unit>``.
    factor
        From the stored unit to the shown one.
    decimals
        Of the number.
    of_change
        Whether it is a change against the base.
    per_hour
        Whether it is a sum over time, which is shown an hour.
    """

    name: str
    quantity: str
    unit: str = ""
    factor: float = 1.0
    decimals: int = 1
    of_change: bool = False
    per_hour: bool = False

    @property
    def unit_text(self) -> str:
        """Return the unit in the reader's language."""
        return plain_word(f"congestion.unit_{self.unit}") if self.unit else ""

    @property
    def window_quantity(self) -> str:
        """Name under which a comparison has it over the whole window."""
        return "traversals" if self.quantity == "flow" else self.quantity


METRICS: Final[tuple[RoadMetric, ...]] = (
    RoadMetric(
        name="change_delay",
        of_change=True,
        quantity="delay",
        unit="minutes_per_hour",
        factor=1 / _MINUTE_S,
        per_hour=True,
    ),
    RoadMetric(name="change_flow", of_change=True, quantity="flow", unit="vehicles_per_hour", decimals=0),
    RoadMetric(name="change_speed", of_change=True, quantity="speed", unit="km_per_hour", factor=3.6),
    RoadMetric(name="change_co2", of_change=True, quantity="co2_mass", unit="kg_per_hour", decimals=2, per_hour=True),
    RoadMetric(name="travel_time_index", quantity="travel_time_index", decimals=1),
    RoadMetric(name="delay", quantity="delay", unit="minutes_per_hour", factor=1 / _MINUTE_S, per_hour=True),
    RoadMetric(name="delay_per_vehicle", quantity="delay_per_vehicle", unit="seconds", decimals=0),
    RoadMetric(name="speed", quantity="speed", unit="km_per_hour", factor=3.6, decimals=0),
    RoadMetric(name="flow", quantity="flow", unit="vehicles_per_hour", decimals=0),
    RoadMetric(name="density", quantity="density", unit="vehicles_per_km", decimals=0),
    RoadMetric(name="queue", quantity="queue_length", unit="metres", decimals=0),
    RoadMetric(name="grade", quantity="street_level_of_service", decimals=0),
    RoadMetric(name="co2", quantity="co2_mass", unit="kg_per_hour", decimals=2, per_hour=True),
)
"""Everything that the map can show, changes first."""


@dataclass(frozen=True, eq=False)
class RoadTable:
    """Hold what the map and the table show.

    Parameters
    ----------
    table
        One row a road: ``edge_id``, ``street``, ``status``, ``base``, ``scenario`` and, of a change, ``difference``,
        ``low``, ``high``, ``apart`` (more than chance); in the shown unit, over the whole period.
    limits
        Ends of the colour scale; the same twice where nothing is coloured.
    key
        Names what it shows: equal keys, equal rows.
    """

    table: pd.DataFrame
    limits: tuple[float, float]
    key: str = ""


def metrics_of(opened: Opened, *, compared: bool) -> list[RoadMetric]:
    """Return what can be shown: changes where two scenarios are compared, and what the runs measured."""
    there = opened.results.data_vars
    return [
        metric
        for metric in METRICS
        if (compared or not metric.of_change) and (metric.quantity in there or metric.quantity == "travel_time_index")
    ]


def map_values(opened: Opened, metric: RoadMetric, *, base: str, scenario: str, compared: Compared | None) -> MapData:
    """Return what the map shows of a metric, packed.

    Layers of a change are ``change`` and ``change_whole``; of a level ``scenario``, ``base`` and each with ``_whole``.
    """
    return _values(opened, metric, base=base, scenario=scenario, compared=compared)[0]


def road_table(opened: Opened, metric: RoadMetric, *, base: str, scenario: str, compared: Compared | None) -> RoadTable:
    """Return the table beside the map, in the order of the map's roads."""
    found = _values(opened, metric, base=base, scenario=scenario, compared=compared)[1]
    return replace(found, key=f"{opened.key} {metric.name} {base!r} {scenario!r} {compared is None}")


def shown_factor(opened: Opened, metric: RoadMetric, *, whole: bool) -> float:
    """Return the factor from stored numbers, of an interval or of the whole window, to shown ones."""
    if metric.of_change and metric.quantity == "flow" and whole:
        return SECONDS_PER_HOUR / _window_s(opened)  # a comparison counts vehicles over the window
    if not metric.per_hour:
        return metric.factor
    return metric.factor * SECONDS_PER_HOUR / (_window_s(opened) if whole else _step_s(opened))


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=BY_CONTENT)
def road_blob(opened: Opened, *, base: str, scenario: str) -> MapData:
    """Return where the roads of both scenarios lie, and what lies behind them, packed."""
    import json

    from trafficdiff.roads.build import BACKGROUND_FILE

    before, after = drawn_roads(opened, base=base, scenario=scenario)
    lines = roads_of(before)
    new = _added(before, after)
    if new.any():
        more = roads_of(after)
        kept = np.flatnonzero(new).tolist()
        lines = type(lines)(
            ids=[*lines.ids, *(more.ids[k] for k in kept)],
            lines=[*lines.lines, *(more.lines[k] for k in kept)],
            names=[*(lines.names or []), *((more.names or [])[k] for k in kept)],
            rank=np.concatenate([np.asarray(lines.rank), np.asarray(more.rank)[kept]]),
            left_hand=lines.left_hand,
        )
    path = opened.stored_run(base).net_path.with_name(BACKGROUND_FILE)
    background = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return encode(roads=lines, background=background)


@st.cache_resource(max_entries=24, show_spinner=False, hash_funcs=BY_CONTENT)
def _values(
    opened: Opened, metric: RoadMetric, *, base: str, scenario: str, compared: Compared | None
) -> tuple[MapData, RoadTable]:
    before, after = drawn_roads(opened, base=base, scenario=scenario)
    known = _known_roads(before, after)
    if metric.of_change:
        if compared is None:
            raise ValueError("expected a comparison for a change, got none")
        return _change(opened, metric, known, compared)
    if compared is not None:
        status = compared.roads[0].set_index("edge_id")["status"]
        known["status"] = status.reindex(known["edge_id"]).fillna("both").to_numpy()
    return _levels(opened, metric, known, base=base, scenario=scenario)


def _known_roads(before: RoadGraph, after: RoadGraph) -> pd.DataFrame:
    """Return id and street of the roads in the map's order: the base's, then those that the scenario adds."""
    import pandas as pd

    new = _added(before, after)
    columns = {
        "edge_id": np.concatenate([before.edge_id, after.edge_id[new]]).astype(str),
        "street": np.concatenate([before.street_name, after.street_name[new]]).astype(str),
        "length_m": np.concatenate([before.length_m, after.length_m[new]]),
    }
    return pd.DataFrame(columns).assign(status="both")


def _added(before: RoadGraph, after: RoadGraph) -> NDArray[np.bool_]:
    return np.array([str(name) not in before.edge_index for name in after.edge_id], bool)


def _change(opened: Opened, metric: RoadMetric, known: pd.DataFrame, compared: Compared) -> tuple[MapData, RoadTable]:
    edges, intervals = compared.roads
    row = edges.set_index("edge_id").loc[known["edge_id"]]
    factor = shown_factor(opened, metric, whole=True)
    prefix = metric.window_quantity
    of = {what: _column(row, f"{prefix}_{what}") * factor for what in ("base", "scenario", "difference", "low", "high")}
    tested = np.isfinite(row[f"{prefix}_p"].to_numpy(np.float64))
    apart = row[f"{prefix}_distinguishable"].to_numpy(bool)
    table = known.assign(status=row["status"].to_numpy(), **of, apart=apart)
    whole = RoadValues(values=np.where(tested, of["difference"], np.nan), low=of["low"], high=of["high"], shown=apart)
    layers = {"change_whole": whole}
    seen = of["difference"][apart]
    if f"{metric.quantity}_difference" in intervals:
        layers["change"] = steps = _interval_changes(opened, metric, known, intervals)
        seen = seen if len(seen) else np.asarray(steps.values)[np.asarray(steps.shown, bool)]
    limit = _round_limit(seen) if len(seen) else 0.0
    return encode(values=layers), RoadTable(table, (-limit, limit))


def _interval_changes(opened: Opened, metric: RoadMetric, known: pd.DataFrame, intervals: xr.Dataset) -> RoadValues:
    import pandas as pd

    place = intervals.indexes["edge"].get_indexer(pd.Index(known["edge_id"]))
    factor = shown_factor(opened, metric, whole=False)

    def of(what: str) -> NDArray[np.float64]:
        return np.ascontiguousarray(intervals[f"{metric.quantity}_{what}"].to_numpy()[:, place], np.float64)

    tested = np.isfinite(of("p"))
    apart = intervals[f"{metric.quantity}_distinguishable"].to_numpy()[:, place].astype(bool)
    values = np.where(tested, of("difference") * factor, np.nan)
    return RoadValues(
        values=values, low=of("low") * factor, high=of("high") * factor, shown=apart, interval_edges_s=_edges_s(opened)
    )


def _levels(
    opened: Opened, metric: RoadMetric, known: pd.DataFrame, *, base: str, scenario: str
) -> tuple[MapData, RoadTable]:
    import pandas as pd

    place = opened.results.indexes["edge"].get_indexer(pd.Index(known["edge_id"]))
    layers: dict[str, RoadValues] = {}
    columns: dict[str, NDArray[np.float64]] = {}
    for series, name in {"base": base, "scenario": scenario}.items():
        if series == "base" and base == scenario:
            continue
        found = mean_levels(opened.results, metric.quantity, scenario=name, samples=opened.runs[name])
        window = found.window[place] * shown_factor(opened, metric, whole=True)
        steps = np.ascontiguousarray(found.intervals[:, place]) * shown_factor(opened, metric, whole=False)
        layers[f"{series}_whole"] = RoadValues(values=window)
        layers[series] = RoadValues(values=steps, interval_edges_s=_edges_s(opened))
        columns[series] = window
    seen = np.concatenate(list(columns.values()))
    return encode(values=layers), RoadTable(known.assign(**columns), _level_limits(metric, seen))


def _round_limit(values: NDArray[np.float64], *, share: float = _SHARE_IN_SCALE) -> float:
    """Return a round number (1, 2 or 5 times a power of ten) that spans most values; the largest few share its colour.

    Roads differ by orders of magnitude: a scale that reached the largest would show all others as nothing.
    """
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    return limit_of(sizes[sizes <= np.quantile(sizes, share)]) if len(sizes) else 1.0


def _level_limits(metric: RoadMetric, seen: NDArray[np.float64]) -> tuple[float, float]:
    if metric.quantity in GRADED:
        return 0.0, 5.0
    return (
        _INDEX_LIMITS
        if metric.quantity == "travel_time_index"
        else (0.0, _round_limit(seen, share=_LEVEL_SHARE_IN_SCALE))
    )


def _column(row: gpd.GeoDataFrame, prefix: str) -> NDArray[np.float64]:
    """Return a column of a comparison's table, whose name ends with its unit."""
    name = next(str(name) for name in row.columns if str(name) == prefix or str(name).startswith(f"{prefix}_"))
    return np.asarray(row[name].to_numpy(np.float64))


def _step_s(opened: Opened) -> float:
    time_s = opened.results["time"].to_numpy()
    return float(np.diff(time_s).min()) if len(time_s) > 1 else SECONDS_PER_HOUR


def _window_s(opened: Opened) -> float:
    return _step_s(opened) * max(opened.results.sizes["time"], 1)


def _edges_s(opened: Opened) -> NDArray[np.float64]:
    time_s = np.asarray(opened.results["time"].to_numpy(), np.float64)
    return np.append(time_s, time_s[-1] + _step_s(opened))
