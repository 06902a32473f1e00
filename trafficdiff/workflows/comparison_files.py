"""Write a comparison as a folder: tables for spreadsheets and GIS, arrays, maps, and one JSON file with the rest."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.publish import publishing
from trafficdiff.workflows.compare_edges import graphs_of

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.export.table_files import Origin
    from trafficdiff.store.reading import StoredRun
    from trafficdiff.store.stack import Study
    from trafficdiff.workflows.compare import Pair
    from trafficdiff.workflows.comparison import Comparison

__all__ = ["KIND", "origin_of", "write_comparison"]

KIND: Final = "comparison"
"""What the manifest of a comparison says it holds."""
_ENDS: Final = ("origin", "destination")
_MAPS: Final = {
    "traversals": ("vehicles", "change in vehicles over the whole window", 1.0),
    "delay": ("delay", "change in delay [vehicle-minutes]", 1 / 60),
}
"""Quantities that are drawn: word in the file's name, legend, factor from the stored unit to the legend's."""


def write_comparison(found: Comparison, study: Study, directory: Path) -> Comparison:
    """Write a comparison into a new directory, whole or not at all; return it with its place.

    Raises
    ------
    StoreError
        If the directory is taken or cannot be written.
    """
    from trafficdiff.export import table_files
    from trafficdiff.store import layout
    from trafficdiff.store.arrays import write_dataset
    from trafficdiff.store.reading import open_run

    run = open_run(study.run_directory(found.base, found.samples[0]), check=False)
    before, after = graphs_of(study, found.base, found.scenario, sample=found.samples[0])
    origin = origin_of(found, run, before)
    names = tuple(f"difference_{word}.png" for word, _, _ in _MAPS.values())
    placed = replace(found, directory=directory, pictures=tuple(directory / name for name in names))
    tables = {"edges": found.edges, "zones": found.zones, "kpis": found.kpis, "ranking": found.ranking}
    with publishing(directory, kind=KIND) as temporary:
        for name, table in tables.items():
            table_files.write_csv(table, temporary / f"{name}.csv", origin=origin)
        table_files.write_geopackage(_for_gis(tables), temporary / "comparison.gpkg", origin=origin)
        table_files.write_geojson(found.edges, temporary / "edges.geojson", origin=origin)
        write_dataset(found.intervals, temporary / "intervals.zarr", attributes={"comment": origin.provenance})
        for quantity, name in zip(_MAPS, names, strict=True):
            _draw(found, before, after, quantity=quantity, run=run, path=temporary / name)
        (temporary / "comparison.json").write_text(
            json.dumps(placed.summary(), ensure_ascii=False, allow_nan=False, indent=1) + "\n", encoding="utf-8"
        )
        (temporary / layout.NOTICE).write_bytes((run.directory / layout.NOTICE).read_bytes())
    return placed


def _for_gis(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables as layers: zones as origins and as destinations apart, for one map shows one of them."""
    zones = tables["zones"]
    ends = (
        {}
        if zones.empty
        else {f"zones_by_{end}": zones.loc[zones["trips_by"] == end].drop(columns="trips_by") for end in _ENDS}
    )
    return {"edges": tables["edges"], **ends, "kpis": tables["kpis"], "ranking": tables["ranking"]}


def origin_of(found: Comparison | Pair, run: StoredRun, graph: RoadGraph) -> Origin:
    """Return where the numbers of a comparison come from, for its files.

    Parameters
    ----------
    found
        What was compared.
    run, graph
        The first run of the base, and its roads.
    """
    from trafficdiff.workflows.origin import origin_of_run

    first = origin_of_run(run, graph)
    means = f"{found.scenario} less {found.base}, means over {len(found.samples)} samples"
    return replace(first, provenance=f"{means}. First run: {first.provenance}")


def _draw(found: Comparison, before: RoadGraph, after: RoadGraph, *, quantity: str, run: StoredRun, path: Path) -> None:
    """Draw the change of one quantity over the whole window; the base's edges come first in the table."""
    from trafficdiff.export.difference_map import DifferenceStyle, draw_difference_map, limit_of
    from trafficdiff.export.picture import map_title
    from trafficdiff.export.tables import column_of

    _, legend, factor = _MAPS[quantity]
    unit = column_of(quantity).removeprefix(quantity)
    edges = found.edges.iloc[: before.edge_count]
    changes = edges[f"{quantity}_difference{unit}"].to_numpy(np.float64) * factor
    shown = edges[f"{quantity}_distinguishable"].to_numpy(bool)
    changes = np.where(np.isfinite(edges[f"{quantity}_p"].to_numpy(np.float64)), changes, np.nan)
    window = run.scenario.window
    title = map_title(before.name, f"{found.scenario} against {found.base}", window_s=(window.begin_s, window.end_s))
    style = DifferenceStyle(
        title=title,
        legend=legend,
        limit=limit_of(changes[shown]),
        remarks=(
            f"means over {len(found.samples)} {'pairs of runs' if found.paired else 'runs each'}",
            f"at most {found.rate:.0%} of the coloured roads are expected to be chance",
            f"demand by {run.provenance.demand_model} from {run.provenance.demand_data}",
        ),
    )
    new = np.array([str(name) not in before.edge_index for name in after.edge_id], bool)
    draw_difference_map(
        before, changes, distinguishable=shown, status=edges["status"].to_numpy(object), style=style, path=path,
        background=_background(run), added=_shifted(after, before), is_added=new,
    )  # fmt: skip


def _shifted(graph: RoadGraph, onto: RoadGraph) -> RoadGraph:
    """Return roads in the net coordinates of others of the same projection."""
    moved = np.asarray(onto.net_offset) - np.asarray(graph.net_offset)
    if not moved.any():
        return graph
    return replace(graph, shape_xy=graph.shape_xy + moved, node_xy=graph.node_xy + moved, net_offset=onto.net_offset)


def _background(run: StoredRun) -> dict[str, Any] | None:
    from trafficdiff.roads.build import BACKGROUND_FILE

    path = run.net_path.with_name(BACKGROUND_FILE)
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None
