"""Apply a patch to a road graph's net: write a new net, read it again.

::

    net ── netconvert (lanes, new roads, only where asked) ── edits in place ── gzip ── read ──▶ RoadGraph
"""

from __future__ import annotations

import gzip
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.lanes import lane_id_of
from trafficdiff.errors import Faults, NetworkError
from trafficdiff.roads.net_edits import edit_net
from trafficdiff.roads.netfile import read_net
from trafficdiff.screening import open_screened

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.net_patch import NetPatch

__all__ = ["PATCHED_NET", "apply_patch", "write_net"]

PATCHED_NET: Final = "roads.net.xml.gz"
"""Name of the net that a patch makes."""


def apply_patch(graph: RoadGraph, patch: NetPatch, *, directory: Path) -> RoadGraph:
    """Write a patched net into a directory and return the roads read from it.

    Equal nets and equal patches give equal bytes. The edges keep their order; new ones are sorted in by their id.
    OSM tags and the place's name stay. A patch that holds nothing gives the graph back as it is.

    Parameters
    ----------
    graph
        The roads to change; its file stays as it is.
    patch
        What is changed. Lane ids are those of the graph's net.
    directory
        Receives ``roads.net.xml.gz``; made if need be. It may hold the graph's own net: then that is replaced.

    Raises
    ------
    NetworkError
        If the patch speaks of edges or junctions that the roads do not have, netconvert fails, or nothing drivable
        is left.
    """
    if not patch:
        return graph
    _check(graph, patch)
    directory.mkdir(parents=True, exist_ok=True)
    with open_screened(graph.net_path, error=NetworkError) as stream:
        text = stream.read().decode("utf-8")
    if patch.rebuilds:
        from trafficdiff.roads.rebuilding import rebuild_net

        work = directory / "rebuild"
        work.mkdir(exist_ok=True)
        try:
            text = rebuild_net(text, patch, graph=graph, directory=work)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        patch = _on_new_lanes(patch)
    path = directory / PATCHED_NET
    write_net(edit_net(text, patch), path)
    patched = read_net(path, name=graph.name)
    return patched if graph.tags is None else replace(patched, tags=_tags_for(graph, patched))


def _check(graph: RoadGraph, patch: NetPatch) -> None:
    """Refuse what the roads do not have and what no road can be, all at once."""
    faults = Faults("patch of roads")
    edges = {*patch.speed_ms, *patch.friction, *patch.lanes, *patch.reserved}
    edges |= {edge for pair in patch.banned_turns for edge in pair}
    edges |= {lane.rpartition("_")[0] for lane in patch.allowed}
    for edge in sorted(edges - graph.edge_index.keys()):
        faults.add(f"expected an edge of the net, got {edge!r}")
    for edge, speed_ms in patch.speed_ms.items():
        if not (np.isfinite(speed_ms) and speed_ms > 0):
            faults.add(f"edge {edge!r}: expected a finite positive speed [m/s], got {speed_ms}")
    for edge, friction in patch.friction.items():
        if not 0 < friction <= 1:
            faults.add(f"edge {edge!r}: expected friction above 0 and up to 1, got {friction}")
    for edge, count in patch.lanes.items():
        if count + (edge in patch.reserved) < 1:
            faults.add(f"edge {edge!r}: expected at least one lane to remain, got {count}")
    _check_new_roads(graph, patch, faults)
    faults.raise_if_any(NetworkError)


def _check_new_roads(graph: RoadGraph, patch: NetPatch, faults: Faults) -> None:
    nodes = set(graph.node_id.tolist())
    for road in patch.roads:
        for node in (road.from_node, road.to_node):
            if node not in nodes:
                faults.add(f"road {road.id!r}: expected a junction of the net, got {node!r}")
        if road.id in graph.edge_index:
            faults.add(f"road {road.id!r}: expected an id that no edge has yet; choose another")


def _on_new_lanes(patch: NetPatch) -> NetPatch:
    """Return the patch with the lane ids that a rebuilt net has: a new lane at the kerb moves the others up."""
    moved: dict[str, int] = {}
    for lane, mask in patch.allowed.items():
        edge, _, index = lane.rpartition("_")
        place = int(index)
        if edge in patch.lanes and place >= patch.lanes[edge]:
            continue  # the lane is gone
        moved[lane_id_of(edge, place + (edge in patch.reserved))] = mask
    return replace(patch, allowed=moved)


def _tags_for(graph: RoadGraph, patched: RoadGraph) -> pd.DataFrame:
    """Return the tags of the edges in their new order; new edges have none."""
    assert graph.tags is not None
    return graph.tags.reindex(patched.edge_id.tolist())


def write_net(text: str, path: Path) -> None:
    """Write a net so that equal ones give equal bytes."""
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="", compresslevel=6) as out:
        out.write(text.encode("utf-8"))
