"""Make the tables of a study: the runs' tables one below the other, and the roads with means over samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import pandas as pd

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.store.reading import StoredRun
    from trafficdiff.store.stack import Study
    from trafficdiff.workflows.progress import Progress

__all__ = ["first_runs", "study_tables"]

_KEYS: Final = ("scenario", "sample", "run_id")
_FIXED: Final = (
    "street", "road_class", "length_m", "speed_limit_ms", "lanes", "ends_at_signal", "lon", "lat", "osm_way_ids",
)  # fmt: skip
"""What an edge is, the same in every run of a scenario."""


def first_runs(study: Study) -> dict[str, StoredRun]:
    """Return the first run of each scenario that has one.

    Raises
    ------
    StoreError
        If the study is not finished, or has no run at all.
    """
    from trafficdiff.store.reading import open_run

    results = study.results
    found = {}
    for name in study.scenarios:
        state = results["run_state"].sel(scenario=name).to_numpy()
        if (there := np.flatnonzero(state != "failed")).size:
            found[name] = open_run(study.run_directory(name, int(results["sample"].to_numpy()[there[0]])))
    if not found:
        raise StoreError(f"{study.directory}: expected a study with a run, found that all failed; see outcome.json")
    return found


def study_tables(
    study: Study, graphs: Mapping[str, RoadGraph], *, intervals: bool, progress: Progress
) -> dict[str, pd.DataFrame]:
    """Return the tables of a study; every row says its scenario, its sample and its run.

    Parameters
    ----------
    study
        Finished.
    graphs
        Roads of each scenario.
    intervals
        Whether a table by interval is made as well.
    progress
        Receives shares.

    Returns
    -------
    ``roads`` (with lines: one row a scenario and edge, means and standard deviations over samples), ``edges``,
    ``streets``, ``runs`` (the area's numbers) and, if asked for, ``intervals``.
    """
    import pandas as pd

    from trafficdiff.store.reading import open_run
    from trafficdiff.workflows.export import tables_of_run

    made: dict[str, list[pd.DataFrame]] = {}
    runs = [] if study.outcome is None else [one for one in study.outcome.runs if one.state != "failed"]
    for done, one in enumerate(runs):
        progress("making tables", done / len(runs))
        run = open_run(study.run_directory(one.scenario, one.sample))
        for name, table in tables_of_run(run, graphs[one.scenario], intervals=intervals).items():
            plain = pd.DataFrame(table.drop(columns="geometry", errors="ignore"))
            plain.insert(0, "scenario", one.scenario)
            plain.insert(1, "sample", one.sample)
            plain.insert(2, "run_id", one.run_id)
            made.setdefault(name, []).append(plain)
    joined = {name: pd.concat(parts, ignore_index=True) for name, parts in made.items()}
    area = joined.pop("area")
    return {"roads": _roads(joined["edges"], graphs), **joined, "runs": _runs(study, area)}


def _runs(study: Study, area: pd.DataFrame) -> pd.DataFrame:
    """Return one row a run with the area's numbers, failed ones too."""
    import pandas as pd

    from trafficdiff.export.tables import column_of

    outcome = study.outcome
    states = pd.DataFrame(
        [
            (one.scenario, one.sample, one.run_id, one.result_hash, one.state)
            for one in (outcome.runs if outcome else ())
        ],
        columns=[*_KEYS, "result_hash", "state"],
    )
    wide = area.pivot(index=["scenario", "sample"], columns="name", values="value")
    wide.columns = pd.Index([column_of(str(name)) for name in wide.columns])
    return states.merge(wide.reset_index(), on=["scenario", "sample"], how="left")


def _roads(edges: pd.DataFrame, graphs: Mapping[str, RoadGraph]) -> gpd.GeoDataFrame:
    """Return mean and standard deviation of every number over the samples, with the line of the edge."""
    import geopandas as gpd
    import pandas as pd

    from trafficdiff.export.tables import edge_lines

    by_edge = edges.groupby(["scenario", "edge_id"], sort=False)
    fixed = by_edge[[name for name in _FIXED if name in edges]].first()
    measured = [str(name) for name in edges.select_dtypes("number") if name not in {*_FIXED, *_KEYS}]
    means = by_edge[measured].mean().add_suffix("_mean")
    spread = by_edge[measured].std(ddof=1).add_suffix("_sd")
    both: list[Any] = [fixed, by_edge.size().rename("samples")]
    for name in measured:
        both += [means[f"{name}_mean"], spread[f"{name}_sd"]]
    table = pd.concat(both, axis=1).reset_index()
    lines = {
        (scenario, str(edge)): line
        for scenario, graph in graphs.items()
        for edge, line in zip(graph.edge_id, edge_lines(graph), strict=True)
    }
    geometry = [
        lines[str(scenario), str(edge)] for scenario, edge in zip(table["scenario"], table["edge_id"], strict=True)
    ]
    return gpd.GeoDataFrame(table, geometry=geometry, crs=next(iter(graphs.values())).crs)
