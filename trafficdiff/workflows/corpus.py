"""Build the corpus that the demand model is trained on: scenes of calibrated, randomised and commuting demand.

::

    net + routes ──┬── whole ─────────────── calibrated scenes
                   └── random crops ────────
    OSM, nets ─────┬── whole ── randomised ─ randomised scenes
                   └── random crops ────────
    flows ─────────────────────────────────── commuting scenes
"""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import InputError, TripError
from trafficdiff.publish import real_path, refuse_taken
from trafficdiff.workflows.corpus_card import corpus_card
from trafficdiff.workflows.corpus_towns import open_towns
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.scene import Scene, Source
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.roads.crop import Crop
    from trafficdiff.workflows.corpus_towns import Town
    from trafficdiff.workflows.progress import Progress

__all__ = ["CROPS", "calibrated_scenes", "corpus", "fastest_ways", "randomised_scenes"]

CROPS: Final = 18
"""Crops of each town with real demand; half as many of each town with randomised demand."""

_COVERED: Final = 0.97
"""Share of a scene's edges that an extract must cover for its points of interest and buildings to be joined."""

_logger = logging.getLogger(__name__)


def corpus(
    folder: Path,
    *,
    calibrated: Path | None = None,
    osm: Sequence[Path] = (),
    nets: Sequence[Path] = (),
    commuting: Path | None = None,
    crops: int = CROPS,
    seed: int = 0,
    cache: Path | None = None,
    progress: Progress = quiet,
) -> dict[str, Any]:
    """Build the corpus, publish it as a folder, and return its card.

    Parameters
    ----------
    folder
        Where to publish.
    calibrated
        Folder of city folders, each with ``net.net.xml.gz`` and, if there is demand, ``cars.rou.xml.gz``; a city
        without a file ``LICENSE`` is left out.
    osm, nets
        OSM extracts, and SUMO nets, to randomise demand on.
    commuting
        Commuting flows, as `trafficdiff.demand.commuting.read_commuting` reads them.
    crops
        Crops of each town with real demand; half as many of each town with randomised demand.
    seed
        Of everything random.

    Other Parameters
    ----------------
    cache
        Folder of networks built from the extracts; the user's cache if None.
    progress
        Told what is being done.

    Raises
    ------
    InputError
        If nothing is given, or a file cannot be used; nothing is published.
    OutputError
        If the folder is taken or cannot be written.
    """
    from trafficdiff.datatypes.scene_files import write_scenes

    refuse_taken(real_path(folder))  # writing would refuse it, minutes later
    towns = open_towns(calibrated=calibrated, osm=osm, nets=nets, cache=cache, progress=progress)
    scenes: list[Scene] = []
    for number, town in enumerate(towns):
        progress(f"scenes of {town.name}", number / len(towns))
        scenes += calibrated_scenes(town, crops=crops, seed=seed)
        scenes += randomised_scenes(town, crops=crops // 2, seed=seed)
    if commuting is not None:
        from trafficdiff.demand.commuting import read_commuting

        progress("reading commuting flows", None)
        scenes += read_commuting(commuting)
    if not scenes:
        raise InputError("expected cities, OSM files, nets or commuting flows to make scenes of, got none")
    card = corpus_card(scenes, seed=seed, crops=crops)
    progress("writing", None)
    write_scenes(scenes, folder, card=card)
    return card


def calibrated_scenes(town: Town, *, crops: int, seed: int) -> Iterator[Scene]:
    """Yield the scene of a town with its own trips, whole, then its random crops; none without trips."""
    from trafficdiff.roads.crop import random_crops

    if town.trips is None:
        return
    generator = stream(seed, f"corpus: calibrated {town.name} {town.kind}")
    yield _real_scene(town, None, town.trips, generator)
    for part, trips in random_crops(town.graph, count=crops, generator=generator, trips=town.trips):
        if trips is not None:
            yield _real_scene(town, part, trips, generator)


def randomised_scenes(town: Town, *, crops: int, seed: int) -> Iterator[Scene]:
    """Yield the scene of a town with randomised demand, whole, then its random crops."""
    from trafficdiff.demand.randomised import randomised_trips
    from trafficdiff.roads.crop import random_crops

    generator = stream(seed, f"corpus: randomised {town.name} {town.kind}")
    parts = [None, *(part for part, _ in random_crops(town.graph, count=crops, generator=generator))]
    for part in parts:
        scene = _scene(town, part, "randomised", generator)
        graph = town.graph if part is None else part.graph
        try:
            trips, window_s = randomised_trips(graph, scene, generator=generator)
        except TripError as error:
            _logger.warning("%s; left out", error)
            continue
        yield dataclasses.replace(scene, trips=trips, window_s=window_s)


def _real_scene(town: Town, part: Crop | None, trips: TripSet, generator: np.random.Generator) -> Scene:
    return _scene(town, part, "calibrated", generator, trips=trips, fastest=fastest_ways(trips))


def _scene(town: Town, part: Crop | None, source: Source, generator: np.random.Generator, **more: Any) -> Scene:
    from trafficdiff.roads.scenes import make_scene
    from trafficdiff.roads.zones import make_zones

    graph = town.graph if part is None else part.graph
    pois, buildings = _around(town, part)
    label = "whole" if part is None else part.graph.name.removeprefix(town.graph.name).strip()
    return make_scene(
        graph,
        zones=make_zones(graph, generator=generator),
        name=f"{town.name} {town.kind} {source} {label}",
        place=town.place or town.name,
        source=source,
        licence=town.licence,
        pois=pois,
        buildings=buildings,
        crop_share=None if part is None else part.share,
        **more,
    )


def _around(town: Town, part: Crop | None) -> tuple[gpd.GeoDataFrame | None, gpd.GeoDataFrame | None]:
    """Return points of interest and buildings of a town or its crop; None where the extract does not cover it."""
    from trafficdiff.roads.crop import places_near

    around = town.around
    if around is None or around.covered[slice(None) if part is None else part.edges].mean() < _COVERED:
        return None, None
    if part is None:
        return around.pois, around.buildings
    return places_near(around.pois, around.poi_edge, part), places_near(around.buildings, around.building_edge, part)


def fastest_ways(trips: TripSet) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return each trip's fastest free-flow way for its vehicle class, as CSR."""
    from trafficdiff.demand.paths import Paths, shortest_paths
    from trafficdiff.demand.successions import succession_costs

    graph = trips.graph
    masks = trips.class_mask
    origin, destination = trips.edges[trips.offsets[:-1]], trips.edges[trips.offsets[1:] - 1]
    order, parts = [], []
    for mask in np.unique(masks):
        rows = np.flatnonzero(masks == mask)
        costs = succession_costs(graph, mask=int(mask), edge_time_s=graph.free_flow_time_s)
        order.append(rows)
        parts.append(shortest_paths(costs, origin[rows], destination[rows]))
    lengths = np.concatenate([part.lengths for part in parts])
    joined = Paths(np.concatenate([[0], np.cumsum(lengths)]), np.concatenate([part.edges for part in parts]))
    found = joined.take(np.argsort(np.concatenate(order), kind="stable"))
    return found.offsets, found.edges
