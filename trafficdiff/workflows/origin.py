"""Say of everything that leaves the house where its numbers come from: one block for every format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trafficdiff.export.credit import OSM_LICENCE, comes_from_openstreetmap
from trafficdiff.export.table_files import Origin

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.store.reading import StoredRun
    from trafficdiff.store.stack import Study

__all__ = ["origin_of_run", "origin_of_study"]


def origin_of_run(run: StoredRun, graph: RoadGraph) -> Origin:
    """Return the origin of one run's numbers."""
    said = str(run.metrics.data.attrs.get("licence", ""))
    return Origin(
        run_id=run.run_id,
        synthetic=run.provenance.synthetic,
        provenance=run.provenance.statement,
        attribution=said or (OSM_LICENCE if comes_from_openstreetmap(graph) else ""),
    )


def origin_of_study(study: Study, run: StoredRun, graph: RoadGraph) -> Origin:
    """Return the origin of a study's numbers; `run` is its first one."""
    first = origin_of_run(run, graph)
    runs = f"{len(study.scenarios)} scenarios, {study.samples} samples each, seed {study.plan.seed}"
    return Origin(
        study_hash=study.hash,
        synthetic=first.synthetic,
        provenance=f"Study of {runs}. First run: {first.provenance}",
        attribution=first.attribution,
    )
