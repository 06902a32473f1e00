"""Open the roads that a scenario stands on, once for all visitors, and pack them for the map."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.export.map_data import MapData

__all__ = ["ScenarioRoads", "roads_for"]

_MOST_OPEN = 3


@dataclass(frozen=True, eq=False)
class ScenarioRoads:
    """Represent roads as the editor needs them.

    Parameters
    ----------
    graph
        The roads.
    blob
        Roads and background, packed for the map.
    """

    graph: RoadGraph
    blob: MapData

    @cached_property
    def streets(self) -> list[str]:
        """Names of streets, sorted."""
        return sorted({str(name) for name in self.graph.street_name if name}, key=str.casefold)

    @cached_property
    def classes(self) -> list[str]:
        """Road classes, sorted."""
        return sorted({str(name) for name in self.graph.road_class if name})

    @cached_property
    def edges(self) -> frozenset[str]:
        """Ids of all edges."""
        return frozenset(map(str, self.graph.edge_id))


def roads_for(network: str, folder: Path) -> ScenarioRoads:
    """Return the roads of a scenario; opened once, and again when their files change.

    Parameters
    ----------
    network
        As in the scenario.
    folder
        Where its relative paths start.

    Raises
    ------
    NetworkError
        If they cannot be used.
    """
    from trafficdiff.roads.source import find_source, word_from

    word = word_from(network, folder)
    source = find_source(word)
    marker = source.path / "manifest.json" if source.kind == "built" else source.path
    stamp = marker.stat().st_mtime_ns if marker.exists() else 0
    return _opened(word, stamp)


@st.cache_resource(max_entries=_MOST_OPEN, show_spinner=False)
def _opened(word: str, stamp: int) -> ScenarioRoads:  # noqa: ARG001 - changed files are opened again
    from trafficdiff.export.map_data import encode, roads_of
    from trafficdiff.roads.build import BACKGROUND_FILE
    from trafficdiff.roads.load import load_network

    graph = load_network(word)
    path = graph.net_path.with_name(BACKGROUND_FILE)
    background = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    np.asarray(graph.midpoint_xy)  # computed once, for all visitors
    return ScenarioRoads(graph, encode(roads=roads_of(graph), background=background))
