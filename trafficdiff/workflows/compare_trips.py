"""Compare the trips of two scenarios of a study: who wins and who loses, by the zone where they start and end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.roads.zones import Zones
    from trafficdiff.store.reading import StoredRun
    from trafficdiff.store.stack import Study
    from trafficdiff.workflows.compare import Pair
    from trafficdiff.workflows.progress import Progress

__all__ = ["compare_trips", "comparison_zones"]

_ENDS: Final = ("origin", "destination")
_FATES: Final = ("both", "missing", "unfinished", "finished_only_now", "neither")
_EDGES_IN_ZONE: Final = 30
_MOST_ZONES: Final = 48
"""A table of zones that a person reads through; more would also leave few trips in each."""


def comparison_zones(graph: RoadGraph, *, seed: int) -> Zones:
    """Return the groups of neighbouring streets by which a comparison counts trips; row z of its table is zone z.

    Parameters
    ----------
    graph
        The base's roads.
    seed
        The base's; the same zones every time.
    """
    from trafficdiff.roads.zones import make_zones

    target = int(np.clip(graph.edge_count // _EDGES_IN_ZONE, 2, _MOST_ZONES))
    generator = stream(seed, "zones of a comparison")
    return make_zones(graph, generator=generator, target=target, largest=graph.edge_count)


def compare_trips(
    study: Study,
    pair: Pair,
    *,
    confidence: float,
    rate: float,
    graph: RoadGraph,
    progress: Progress = quiet,
) -> tuple[gpd.GeoDataFrame, dict[str, float]]:
    """Return the table of zones and what became of the trips; see `Comparison`.

    Without common random numbers a trip's id means another person in each run: the table then has no row.

    Raises
    ------
    IntegrityError
        If a run is not what was published.
    """
    from trafficdiff.metrics.trip_changes import trip_changes, zone_changes, zone_sums
    from trafficdiff.store.reading import open_run

    zones = comparison_zones(graph, seed=pair.seed)
    sums: dict[str, list[dict[str, NDArray[np.float64]]]] = {end: [] for end in _ENDS}
    fates: list[dict[str, float]] = []
    if not pair.paired:
        return _zone_table(graph, zones, {}), dict.fromkeys((*_FATES, "new"), np.nan)
    for done, sample in enumerate(pair.samples):
        progress("comparing trips", done / len(pair.samples))
        before, after = (open_run(study.run_directory(name, sample)) for name in (pair.base, pair.scenario))
        changes = trip_changes(before.result.trips, after.result.trips)
        fates.append(_fates(changes, new=len(after.result.trips) - int((changes["fate"] != "missing").sum())))
        for end, edges in _trip_ends(before, graph, changes["trip_id"]).items():
            zone = np.where(edges >= 0, zones.zone[edges], -1)
            sums[end].append(zone_sums(changes, zone, zones=len(zones)))
    tables = {end: zone_changes(sums[end], confidence=confidence, rate=rate) for end in _ENDS}
    mean = {name: float(np.mean([fate[name] for fate in fates])) for name in fates[0]}
    return _zone_table(graph, zones, tables), mean


def _fates(changes: pd.DataFrame, *, new: int) -> dict[str, float]:
    counts = changes["fate"].value_counts()
    return {name: float(counts.get(name, 0)) for name in _FATES} | {"new": float(new)}


def _trip_ends(run: StoredRun, graph: RoadGraph, trip_id: pd.Series[str]) -> dict[str, NDArray[np.int64]]:
    """Return the first and last edge of each trip as it was planned, shape (T,) each; -1 for unknown trips."""
    import pandas as pd

    from trafficdiff.datatypes.trip_files import read_trips

    trips = read_trips(run.trips_path, graph)
    place = pd.Index(trips.trip_id.astype(str)).get_indexer(pd.Index(trip_id.astype(str)))
    ends = {"origin": trips.edges[trips.offsets[:-1]], "destination": trips.edges[trips.offsets[1:] - 1]}
    return {name: np.where(place >= 0, edges[place], -1).astype(np.int64) for name, edges in ends.items()}


def _zone_table(graph: RoadGraph, zones: Zones, tables: dict[str, pd.DataFrame]) -> gpd.GeoDataFrame:
    """Return the zones twice, as origins and as destinations, with their outline and a street's name."""
    import geopandas as gpd
    import pandas as pd
    import shapely

    from trafficdiff.export.tables import edge_lines

    lines = edge_lines(graph)
    outline = [shapely.convex_hull(shapely.multilinestrings(lines[zones.members(z)])) for z in range(len(zones))]
    centre = graph.to_lonlat(zones.centre_xy).round(5)
    known: dict[str, Any] = {
        "zone": np.arange(len(zones)),
        "around": _around(graph, zones),
        "lon": centre[:, 0],
        "lat": centre[:, 1],
    }
    if not tables:
        return gpd.GeoDataFrame(geometry=[], crs=graph.crs)
    parts = [pd.concat([pd.DataFrame({"trips_by": end, **known}), table], axis=1) for end, table in tables.items()]
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry=outline * len(parts), crs=graph.crs)


def _around(graph: RoadGraph, zones: Zones) -> list[str]:
    """Return the name that most of each zone's length carries, empty where no street has one."""
    import pandas as pd

    frame = pd.DataFrame({"zone": zones.zone, "name": graph.street_name, "length_m": graph.length_m})
    named = frame.loc[frame["name"] != ""].groupby(["zone", "name"])["length_m"].sum().reset_index()
    longest = named.sort_values("length_m", ascending=False, kind="stable").drop_duplicates("zone").set_index("zone")
    return [str(longest["name"].get(zone, "")) for zone in range(len(zones))]
