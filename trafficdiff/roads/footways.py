"""Give a net footways: a side to walk on along every road that is open to people on foot, crossings, corners.

::

    net ─▶ netconvert: sides, crossings, corners ─▶ (drivers yield: once more, the same crossings as zebras) ─▶ net

Edges keep their ids and car lanes their order; a side is the lane at the kerb, so that the others move up by one.
"""

from __future__ import annotations

import logging
import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import NetworkError
from trafficdiff.roads.netfile import read_net
from trafficdiff.roads.patching import PATCHED_NET, write_net
from trafficdiff.roads.rebuilding import convert_net
from trafficdiff.screening import open_screened

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["with_footways"]

_logger = logging.getLogger(__name__)

_SIDES: Final = ["--sidewalks.guess", "true", "--sidewalks.guess.from-permissions", "true"]
"""Sides along every road that people on foot may use: not along motorways, at whatever speed else."""
_GUESSED: Final = ["--crossings.guess", "true"]
_ZEBRAS: Final = "zebras.con.xml"
_CORNER: Final = 'function="walkingarea"'
_CROSSING: Final = re.compile(r'<edge id=":([^"]+)_c\d+" function="crossing" crossingEdges="([^"]*)"')


def with_footways(graph: RoadGraph, *, directory: Path, drivers_yield: bool = False) -> RoadGraph:
    """Write a net with footways into a directory and return the roads read from it.

    The edges are the same in the same order, and so are all ways of driving on. Where a crossing has a signal, the
    plan gives people green with the traffic beside them, red 5 s before it ends, and turning drivers yield
    (netconvert). A net with footways of its own comes back as it is.

    Parameters
    ----------
    graph
        The roads; their file stays as it is.
    directory
        Receives ``roads.net.xml.gz``; made if need be.
    drivers_yield
        Whether drivers let people cross where no signal stands (zebra crossings); else people wait for a gap.

    Raises
    ------
    NetworkError
        If netconvert fails, or makes other roads of them.
    """
    text = _text_of(graph)
    if _CORNER in text:
        if drivers_yield:
            _logger.warning("the net has footways of its own: who gives way at its crossings stays as it is")
        return graph
    directory.mkdir(parents=True, exist_ok=True)
    work = directory / "footways"
    work.mkdir(exist_ok=True)
    try:
        built = convert_net(text, [*_SIDES, *_GUESSED], graph=graph, directory=work)
        if drivers_yield:
            (work / _ZEBRAS).write_text(_zebras(built), encoding="utf-8")
            built = convert_net(text, [*_SIDES, "--connection-files", _ZEBRAS], graph=graph, directory=work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    path = directory / PATCHED_NET
    write_net(built, path)
    walked = read_net(path, name=graph.name)
    _check_same(graph, walked)
    return walked if graph.tags is None else replace(walked, tags=graph.tags)


def _text_of(graph: RoadGraph) -> str:
    with open_screened(graph.net_path, error=NetworkError) as stream:
        return stream.read().decode("utf-8")


def _zebras(built: str) -> str:
    """Return the crossings of a net as netconvert reads them, all with the right of way."""
    lines = [f'<crossing node="{node}" edges="{edges}" priority="true"/>' for node, edges in _CROSSING.findall(built)]
    return "\n".join(["<connections>", *lines, "</connections>", ""])


def _check_same(graph: RoadGraph, walked: RoadGraph) -> None:
    """Refuse a net in which one drives otherwise: trips were drawn on the one without footways."""
    same = all(
        np.array_equal(getattr(graph, name), getattr(walked, name))
        for name in ("edge_id", "lanes", "successor_offsets", "successor_edges")
    )
    if not same:
        raise NetworkError(
            f"{graph.net_path.name}: expected the same roads and turns with footways as without, netconvert made "
            "others of them; build the net with sidewalks and crossings (trafficdiff build --sidewalks)"
        )
