"""Hold what a demand model sees of a place, and the trips that it learns from there: arrays without ids.

::

    RoadGraph (+ TripSet) ──roads──▶ Scene ──┐
    commuting flows ────────demand──▶ Scene ──┴─▶ diffusion

A scene has zones, and may have edges inside them. Unknown numbers are NaN: a commuting area has no road columns, a
net without OpenStreetMap tags no points of interest, most places no population.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.local_factors import LocalFactors

__all__ = ["CLASSES", "SOURCES", "Scene", "SceneTrips", "Source"]

Source = Literal["calibrated", "randomised", "commuting"]
SOURCES: Final[tuple[Source, ...]] = ("calibrated", "randomised", "commuting")
"""Where a scene's trips come from: calibrated to counts or modelled; randomised on a real net; counted commuters."""

CLASSES: Final = ("passenger", "truck", "delivery", "bus", "motorcycle", "bicycle", "other")
"""Vehicle classes that the model tells apart; every class of SUMO that is not listed is ``other``."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SceneTrips:
    """Represent trips between zones, or between edges inside them; immutable. ``T`` rows.

    Parameters
    ----------
    origin_zone, destination_zone
        Shape (T,), positions of zones.
    via_zone
        Shape (T,), the zone that a route passes and the fastest way does not, or -1.
    origin_edge, destination_edge
        Shape (T,), rows of the scene's edges, or -1 where the scene has none.
    depart_share
        Shape (T,), departure as a share of the window, in [0, 1); NaN if unknown.
    vehicle_class
        Shape (T,), positions in `CLASSES`.
    weight
        Shape (T,), how many trips a row stands for, positive.
    day
        Shape (T,), number of the day that a trip belongs to; trips of one day are drawn together.
    """

    origin_zone: NDArray[np.int32]
    destination_zone: NDArray[np.int32]
    via_zone: NDArray[np.int32]
    origin_edge: NDArray[np.int32]
    destination_edge: NDArray[np.int32]
    depart_share: NDArray[np.float32]
    vehicle_class: NDArray[np.int8]
    weight: NDArray[np.float32]
    day: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.origin_zone)

    @classmethod
    def none(cls) -> SceneTrips:
        """Return no trips."""
        whole = np.zeros(0, np.int32)
        return cls(
            origin_zone=whole,
            destination_zone=whole,
            via_zone=whole,
            origin_edge=whole,
            destination_edge=whole,
            depart_share=np.zeros(0, np.float32),
            vehicle_class=np.zeros(0, np.int8),
            weight=np.zeros(0, np.float32),
            day=np.zeros(0, np.int16),
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Scene:
    """Represent a place as a demand model sees it; immutable.

    ``Z`` zones, ``E`` edges (in the order of their zones), ``F`` zone columns, ``G`` edge columns, ``H`` scene columns.

    Parameters
    ----------
    name, place, source
        Of the scene; of the city that it shows, so that a city can be left out with all its crops; where its trips
        come from.
    zone_xy_m
        Shape (Z, 2), centres relative to their mean [m], x east, y north.
    zone_columns, zone_values
        Names, and shape (Z, F); NaN where unknown.
    scene_columns, scene_values
        Names, and shape (H,); NaN where unknown.
    travel_time_s
        Shape (Z, Z), free-flow time from zone to zone [s]; infinite where there is no way.
    edge_offsets
        Shape (Z + 1,), the edges of each zone; all 0 where the scene has none.
    edge_columns, edge_values
        Names, and shape (E, G).
    edge_index
        Shape (E,), position of each edge in its road graph.
    directional
        Columns (of zones and edges) that change when the map is turned: ``(east, north)`` pairs.
    window_s
        Begin and end of the trips' departures [s of the simulated day]; NaN if unknown.
    trips
        What was seen there.
    licence
        Of the trips and the net, for the data card.
    local
        What is known of this very place beside what the model believes of any; None for nothing.

    Raises
    ------
    InputError
        Listing every fault: arrays that do not fit together, an unknown source, places outside the scene.
    """

    name: str
    place: str
    source: Source
    zone_xy_m: NDArray[np.float32]
    zone_columns: tuple[str, ...]
    zone_values: NDArray[np.float32]
    scene_columns: tuple[str, ...]
    scene_values: NDArray[np.float32]
    travel_time_s: NDArray[np.float32]
    edge_offsets: NDArray[np.int64]
    edge_columns: tuple[str, ...]
    edge_values: NDArray[np.float32]
    edge_index: NDArray[np.int32]
    directional: tuple[tuple[str, str], ...] = ()
    window_s: tuple[float, float] = (float("nan"), float("nan"))
    trips: SceneTrips = field(default_factory=SceneTrips.none)
    licence: str = ""
    local: LocalFactors | None = None

    def __post_init__(self) -> None:
        faults = Faults(f"scene {self.name!r}")
        zones, edges = len(self.zone_xy_m), len(self.edge_values)
        if self.source not in SOURCES:
            faults.add(f"expected a source of {', '.join(SOURCES)}, got {self.source!r}")
        for what, shape, expected in (
            ("zone values", self.zone_values.shape, (zones, len(self.zone_columns))),
            ("scene values", self.scene_values.shape, (len(self.scene_columns),)),
            ("travel times", self.travel_time_s.shape, (zones, zones)),
            ("edge values", self.edge_values.shape, (edges, len(self.edge_columns))),
            ("edge offsets", self.edge_offsets.shape, (zones + 1,)),
            ("edge index", self.edge_index.shape, (edges,)),
            ("local factors of edges", (edges, 2) if self.local is None else self.local.edge.shape, (edges, 2)),
            ("local factors of pairs", (zones, zones) if self.local is None else self.local.pair.shape, (zones, zones)),
        ):
            if shape != expected:
                faults.add(f"expected {what} of shape {expected}, got {shape}")
        if zones == 0:
            faults.add("expected at least one zone, got none")
        faults.raise_if_any(InputError)
        if self.edge_offsets[0] != 0 or self.edge_offsets[-1] != edges or (np.diff(self.edge_offsets) < 0).any():
            faults.add(f"expected edge offsets that rise from 0 to {edges}")
        for what, places, least, most in (
            ("origin zone", self.trips.origin_zone, 0, zones),
            ("destination zone", self.trips.destination_zone, 0, zones),
            ("via zone", self.trips.via_zone, -1, zones),
            ("origin edge", self.trips.origin_edge, -1, edges),
            ("destination edge", self.trips.destination_edge, -1, edges),
            ("vehicle class", self.trips.vehicle_class, 0, len(CLASSES)),
        ):
            if ((places < least) | (places >= most)).any():
                faults.add(f"expected every {what} to be from {least} to {most - 1}, got others")
        if not (np.isfinite(self.trips.weight) & (self.trips.weight > 0)).all():
            faults.add("expected finite positive weights of trips, got others")
        faults.raise_if_any(InputError)

    def __len__(self) -> int:
        return len(self.zone_xy_m)

    @property
    def has_edges(self) -> bool:
        """Whether trips end on edges, or only in zones."""
        return len(self.edge_values) > 0

    @property
    def edge_zone(self) -> NDArray[np.int64]:
        """The zone of each edge, shape (E,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.edge_offsets))
