"""Keep the table of streets in a run, and read from it what a person is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.export.table_files import Origin
    from trafficdiff.store.content import RunContent

__all__ = ["SHOWN_STREETS", "STREETS", "with_street_table", "worst_streets"]

STREETS: Final = "tables/streets.csv"
"""The streets of a run, the one with most delay first, by the file's name in the run."""
SHOWN_STREETS: Final = 10
"""How many of the worst streets a person is shown."""


def with_street_table(content: RunContent, graph: RoadGraph, *, folder: Path) -> RunContent:
    """Return the content of a run with its table of streets; the file is written below `folder`."""
    from trafficdiff.export.table_files import write_csv
    from trafficdiff.metrics.streets import street_of_edges, streets

    street = street_of_edges(graph.street_name, graph.edge_id)
    table = streets(content.metrics.data, street=street, road_class=graph.road_class)
    path = folder / STREETS
    path.parent.mkdir(parents=True, exist_ok=True)
    write_csv(table.round(3), path, origin=_origin(content))
    return replace(content, extras={**content.extras, STREETS: path})


def _origin(content: RunContent) -> Origin:
    from trafficdiff.export.table_files import Origin

    provenance = content.provenance
    return Origin(
        run_id=provenance.run_id,
        synthetic=provenance.synthetic,
        provenance=provenance.statement,
        attribution="; ".join(f"{licence.name} ({licence.attribution})" for licence in content.licences),
    )


def worst_streets(run: Path, *, count: int = SHOWN_STREETS) -> tuple[dict[str, Any], ...]:
    """Return the streets of a run on which most time is lost, the worst first; only such with delay.

    Each has ``street``, ``road_class``, ``edges``, ``length_m``, ``vehicle_kilometres``, ``vehicle_hours``,
    ``delay_hours``, ``mean_speed_ms`` and ``travel_time_index``. Empty where the run has no such table.
    """
    import pandas as pd

    path = run / STREETS
    if not path.exists():
        return ()
    text = {"street": str, "road_class": str}
    missing = {"mean_speed_ms": "", "travel_time_index": ""}
    table = pd.read_csv(path, encoding="utf-8-sig", dtype=text, keep_default_na=False, na_values=missing)
    delayed = table.loc[table["delay_hours"] > 0].head(count)
    shown = delayed.drop(columns=["run_id", "synthetic", "provenance", "attribution"])
    return tuple({str(name): value for name, value in row.items()} for row in shown.to_dict("records"))
