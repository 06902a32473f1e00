"""Compare the roads of two scenarios of a study, over the whole window and by interval of the day."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import InputError
from trafficdiff.workflows.progress import quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import geopandas as gpd
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.metrics.edge_changes import PlaceChanges
    from trafficdiff.store.reading import StoredRun
    from trafficdiff.store.stack import Study
    from trafficdiff.workflows.compare import Pair
    from trafficdiff.workflows.progress import Progress

__all__ = ["compare_edges", "graphs_of"]

_BY_INTERVAL: Final = ("flow", "delay", "speed")
_MEANS: Final = frozenset({"speed"})
"""Quantities that a road without vehicles does not have; all others are 0 there, and on a road that is not there."""
_KEPT: Final = ("base", "scenario", "difference", "low", "high")


def graphs_of(study: Study, base: str, scenario: str, *, sample: int) -> tuple[RoadGraph, RoadGraph]:
    """Return the roads that base and scenario drove on.

    Raises
    ------
    InputError
        If they are not in the same projection.
    """
    from trafficdiff.roads.netfile import read_net
    from trafficdiff.store.reading import open_run

    one, other = (open_run(study.run_directory(name, sample), check=False) for name in (base, scenario))
    graph = read_net(one.net_path, name=_place(one))
    if one.net_path.read_bytes() == other.net_path.read_bytes():
        return graph, graph
    changed = read_net(other.net_path, name=graph.name)
    if changed.crs != graph.crs:
        raise InputError(
            f"expected {base!r} and {scenario!r} on roads in one projection, got {graph.crs} and {changed.crs}; build "
            "both networks from one source"
        )
    return graph, changed


def _place(run: StoredRun) -> str:
    """Return the name of the place, for people."""
    return str(run.build.get("name", "")) or Path(run.scenario.network).name.partition(".")[0]


def compare_edges(
    study: Study,
    pair: Pair,
    *,
    confidence: float,
    rate: float,
    graphs: tuple[RoadGraph, RoadGraph],
    progress: Progress = quiet,
) -> tuple[gpd.GeoDataFrame, xr.Dataset]:
    """Return the table of edges over the window, and the dataset by interval and edge; see `Comparison`.

    `graphs` are those of `graphs_of`.

    Samples are read one after the other, so memory holds a few arrays of the size of one run, however many there are.
    """
    import xarray as xr

    results = study.results
    before, after = graphs
    status = _status(before, after, results["edge"].to_numpy())
    only_one = (status != "both").to_numpy()
    measures = _over_window(results)
    steps = len(measures) + len(_BY_INTERVAL)

    def changes_of(name: str, measure: Callable[[xr.Dataset], NDArray[np.float64]], *, done: int) -> PlaceChanges:
        progress("comparing roads", done / steps)
        pairs = _pairs(results, measure, pair, zero=name not in _MEANS)
        return _changes(pairs, confidence=confidence, rate=rate, paired=pair.paired, only_one=only_one)

    tables = {name: changes_of(name, measure, done=done) for done, (name, measure) in enumerate(measures.items())}
    arrays: dict[str, xr.Variable] = {}
    for done, name in enumerate(_BY_INTERVAL, start=len(measures)):
        arrays |= _variables(name, changes_of(name, _as_it_is(name), done=done), only_one)
    coordinates = {"time": results["time"].to_numpy(), "edge": results["edge"].to_numpy()}
    attributes = {"title": f"{pair.scenario} less {pair.base}", "comment": "computed from simulations, not observed"}
    return _edge_table(before, after, status, tables), xr.Dataset(arrays, coordinates, attributes)


def _changes(
    pairs: Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]],
    *,
    confidence: float,
    rate: float,
    paired: bool,
    only_one: NDArray[np.bool_],
) -> PlaceChanges:
    from trafficdiff.metrics.edge_changes import place_changes
    from trafficdiff.metrics.moments import paired_moments

    moments = paired_moments(pairs)
    left_out = np.broadcast_to(only_one, moments.difference.mean.shape)
    return place_changes(moments, confidence=confidence, rate=rate, paired=paired, left_out=left_out)


def _status(before: RoadGraph, after: RoadGraph, edges: NDArray[np.object_]) -> pd.Series[str]:
    """Return the status of each edge of the study in this pair of networks; edges of other scenarios are ``absent``."""
    from trafficdiff.metrics.road_matching import match_roads

    matched = match_roads(before, after).set_index("edge_id")
    return matched["status"].reindex(edges.astype(str), fill_value="absent")


def _over_window(results: xr.Dataset) -> dict[str, Callable[[xr.Dataset], NDArray[np.float64]]]:
    """Return how one run's arrays become a quantity by edge over the whole window, shape (edge,)."""

    def total(run: xr.Dataset, name: str) -> NDArray[np.float64]:
        return np.asarray(run[name].to_numpy().sum(axis=0, dtype=np.float64))

    def speed(run: xr.Dataset) -> NDArray[np.float64]:
        spent = total(run, "sampled_time")
        return total(run, "travel_distance") / np.where(spent > 0, spent, np.nan)

    measures: dict[str, Callable[[xr.Dataset], NDArray[np.float64]]] = {
        "traversals": lambda run: total(run, "travel_distance") / run["edge_length"].to_numpy(),
        "delay": lambda run: total(run, "delay"),
        "speed": speed,
    }
    if "co2_mass" in results:
        measures["co2_mass"] = lambda run: total(run, "co2_mass")
    return measures


def _as_it_is(name: str) -> Callable[[xr.Dataset], NDArray[np.float64]]:
    return lambda run: np.asarray(run[name].to_numpy())


def _pairs(
    results: xr.Dataset,
    measure: Callable[[xr.Dataset], NDArray[np.float64]],
    pair: Pair,
    *,
    zero: bool,
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Yield a quantity of base and scenario, sample by sample; what a road that is not there carries is 0, or NaN."""
    for sample in pair.samples:
        both = []
        for name in (pair.base, pair.scenario):
            run = results.sel(scenario=name, sample=sample)
            values = measure(run)
            both.append(np.where(np.isnan(run["edge_length"].to_numpy()), 0.0, values) if zero else values)
        yield both[0], both[1]


def _variables(name: str, changes: PlaceChanges, only_one: NDArray[np.bool_]) -> dict[str, xr.Variable]:
    """Return the changes by interval as variables; what only one of the networks has keeps its level alone."""
    import xarray as xr

    from trafficdiff.units import QUANTITIES

    units, meaning = QUANTITIES[name].units, QUANTITIES[name].long_name
    kept: dict[str, xr.Variable] = {}
    for what in _KEPT:
        values = getattr(changes, what)
        if what == "difference":
            values = np.where(only_one, np.nan, values)
        kept[f"{name}_{what}"] = xr.Variable(
            ("time", "edge"), values.astype(np.float32), {"units": units, "long_name": f"{meaning}: {what}"}
        )
    for what in ("p", "q"):
        kept[f"{name}_{what}"] = xr.Variable(
            ("time", "edge"), getattr(changes, what).astype(np.float32), {"units": "1", "long_name": f"{name}: {what}"}
        )
    shown = changes.distinguishable
    kept[f"{name}_distinguishable"] = xr.Variable(
        ("time", "edge"), shown, {"long_name": f"whether the change of {name} is more than chance"}
    )
    return kept


def _edge_table(
    before: RoadGraph, after: RoadGraph, status: pd.Series[str], tables: dict[str, PlaceChanges]
) -> gpd.GeoDataFrame:
    """Return one row an edge of either network: the base's in its order, then those that the scenario adds."""
    import geopandas as gpd
    import pandas as pd

    from trafficdiff.export.tables import column_of, edge_lines
    from trafficdiff.metrics.streets import street_of_edges

    new = np.array([str(name) not in before.edge_index for name in after.edge_id], bool)
    lines = np.concatenate([edge_lines(before), edge_lines(after)[new]])

    def both(of: Callable[[RoadGraph], Any]) -> NDArray[Any]:
        return np.concatenate([of(before), np.asarray(of(after))[new]])

    edge_id = both(lambda graph: graph.edge_id)
    place = status.index.get_indexer(pd.Index(edge_id.astype(str)))
    columns: dict[str, Any] = {
        "edge_id": edge_id,
        "street": both(lambda graph: street_of_edges(graph.street_name, graph.edge_id)),
        "road_class": both(lambda graph: graph.road_class),
        "length_m": both(lambda graph: graph.length_m),
        "status": status.to_numpy()[place],
    }
    only_one = columns["status"] != "both"
    for name, changes in tables.items():
        unit = column_of(name).removeprefix(name)
        for what in _KEPT:
            values = getattr(changes, what)[place]
            columns[f"{name}_{what}{unit}"] = np.where(only_one, np.nan, values) if what == "difference" else values
        for what in ("p", "q", "distinguishable"):
            columns[f"{name}_{what}"] = getattr(changes, what)[place]
    return gpd.GeoDataFrame(columns, geometry=lines, crs=before.crs)
