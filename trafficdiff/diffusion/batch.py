"""Draw scenes, turn them, and draw sets of trips from them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from trafficdiff.datatypes.scene import CLASSES, SOURCES
from trafficdiff.diffusion.day import day_moments, trip_statistics, turned_moments
from trafficdiff.diffusion.denoiser import DEPARTURE_BINS, Conditions
from trafficdiff.diffusion.inputs import Place, Scaling, Turn, place_of, with_columns_hidden
from trafficdiff.diffusion.prior import rim_capacity
from trafficdiff.diffusion.varied_days import day_factors
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.scene import Scene
    from trafficdiff.diffusion.settings import TrainingSettings

    Array = NDArray[np.float64]

__all__ = ["Batch", "Corpus", "EdgeChoices", "conditions_of", "fringe_shares", "pad", "slots_of"]

_DAY_S: Final = 86_400.0
_FRINGE_HIDDEN: Final = 0.5
"""Whether the shares at the rim are told: seldom does a user know them."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Hold sets of trips of B scenes, padded to Z zones.

    Parameters
    ----------
    zone, scene, real, bases, prior
        As `Denoiser.encode` reads them.
    conditions
        Of each scene.
    slots, vehicle_class
        Shape (B, S, A, 4) and (B, S, A).
    day
        Shape (B, `MOMENTS`), how the day of each scene differs from its usual one.
    edges
        Of the trips whose ends lie on edges, K of them.
    """

    zone: Tensor
    scene: Tensor
    real: Tensor
    bases: Tensor
    prior: Tensor
    conditions: Conditions
    slots: Tensor
    vehicle_class: Tensor
    day: Tensor
    edges: EdgeChoices | None


@dataclass(frozen=True, eq=False)
class EdgeChoices:
    """Hold K choices of an edge inside a zone, padded to M edges.

    Parameters
    ----------
    edge, prior
        Shape (K, M, edge width) and (K, M).
    real
        Shape (K, M), bool.
    batch, zone
        Shape (K,), scene in the batch, and zone in the scene.
    role, vehicle_class
        Shape (K,).
    chosen
        Shape (K,), position of the edge inside its zone.
    """

    edge: Tensor
    prior: Tensor
    real: Tensor
    batch: Tensor
    zone: Tensor
    role: Tensor
    vehicle_class: Tensor
    chosen: Tensor


class Corpus:
    """Draw batches from scenes, sources and places in balance.

    Parameters
    ----------
    scenes
        To learn from.
    scaling
        Of `scaling_of`.
    settings
        How many, and how the sources are balanced.

    Raises
    ------
    InputError
        If no scene has enough trips.
    """

    def __init__(self, scenes: Sequence[Scene], *, scaling: Scaling, settings: TrainingSettings) -> None:
        self.scaling = scaling
        self.settings = settings
        self.scenes = [scene for scene in scenes if len(scene.trips) >= 2]
        if not self.scenes:
            raise InputError("expected scenes with trips to learn from, got none; build the corpus with demand")
        shares = (settings.calibrated_share, settings.randomised_share, settings.commuting_share)
        weight = np.zeros(len(self.scenes))
        sources = np.array([SOURCES.index(scene.source) for scene in self.scenes])
        places = np.unique([scene.place for scene in self.scenes], return_inverse=True)[1]
        for source, share in enumerate(shares):
            own = np.flatnonzero(sources == source)
            for place in np.unique(places[own]):
                members = own[places[own] == place]
                size = np.array([len(self.scenes[member]) for member in members], float)
                weight[members] = share / len(np.unique(places[own])) * size / size.sum()
        if not weight.any():
            raise InputError("expected a source of scenes with a share above 0, got none; change the shares")
        self.weight = weight / weight.sum()
        self._fringe = [fringe_shares(scene) for scene in self.scenes]
        self._statistics = [trip_statistics(scene) for scene in self.scenes]
        self._usual = [
            np.average(statistics, axis=0, weights=scene.trips.weight)
            for scene, statistics in zip(self.scenes, self._statistics, strict=True)
        ]

    def draw(self, generator: np.random.Generator) -> Batch:
        """Return one batch."""
        settings = self.settings
        chosen = generator.choice(len(self.scenes), size=settings.scenes, p=self.weight)
        places, rows, days, conditions = [], [], [], []
        for index in chosen:
            scene = self.scenes[index]
            turn = Turn(generator.random() * 2 * np.pi, bool(generator.random() < 0.5))
            place = place_of(scene, self.scaling, turn=turn)
            places.append(
                with_columns_hidden(place, self.scaling, settings.most_hidden * generator.random(), generator)
            )
            row, moments = self._day(index, settings.agents * settings.sets, generator)
            rows.append(row)
            days.append(turned_moments(moments, turn.matrix()))
            conditions.append(self._conditions(index, generator))
        slots = torch.stack([slots_of(self.scenes[i], row) for i, row in zip(chosen, rows, strict=True)])
        classes = np.stack([self.scenes[i].trips.vehicle_class[row] for i, row in zip(chosen, rows, strict=True)])
        hidden = generator.random(len(chosen)) < settings.dropped_share
        classes = np.where(hidden[:, None], len(CLASSES), classes)
        shape = (len(chosen), settings.sets, settings.agents)
        zone, real, bases, prior = pad(places)
        slots[..., 2] = torch.where(slots[..., 2] < 0, zone.shape[1], slots[..., 2])
        return Batch(
            zone=zone,
            scene=torch.stack([place.scene for place in places]),
            real=real,
            bases=bases,
            prior=prior,
            conditions=Conditions(*(torch.cat([getattr(c, f.name) for c in conditions]) for f in fields(Conditions))),
            slots=slots.view(*shape, 4),
            vehicle_class=torch.from_numpy(classes.astype(np.int64)).view(shape),
            day=torch.from_numpy(np.stack(days).astype(np.float32)),
            edges=self._edges(chosen, places, rows, classes, generator),
        )

    def _conditions(self, index: int, generator: np.random.Generator) -> Conditions:
        hidden = generator.random(4) < np.array([*[self.settings.dropped_share] * 3, _FRINGE_HIDDEN])
        scene = self.scenes[index]
        return conditions_of(
            scene, trips_per_hour=_trips_per_hour(scene), fringe_shares=self._fringe[index], hidden=hidden
        )

    def _day(self, index: int, count: int, generator: np.random.Generator) -> tuple[NDArray[np.int64], Array]:
        """Return rows of one day of a scene, by weight and by what the day makes of it, and the day's moments."""
        scene, spread = self.scenes[index], self.settings.day_spread
        own = np.arange(len(scene.trips))
        if len(days := np.unique(scene.trips.day)) > 1:
            own = np.flatnonzero(scene.trips.day == generator.choice(days))
        weight = scene.trips.weight[own].astype(np.float64)
        if spread:
            weight *= day_factors(scene, own, spread=spread, generator=generator)
        moments = day_moments(self._statistics[index][own], weight, usual=self._usual[index])
        sums = np.cumsum(weight)
        row = np.searchsorted(sums, generator.random(count) * sums[-1], side="right")
        return np.asarray(own[np.minimum(row, len(own) - 1)]), moments

    def _edges(
        self,
        chosen: NDArray[np.int64],
        places: Sequence[Place],
        rows: Sequence[NDArray[np.int64]],
        classes: NDArray[np.int64],
        generator: np.random.Generator,
    ) -> EdgeChoices | None:
        """Return one end, at random, of half of the trips."""
        parts = []
        for batch, (index, place, row) in enumerate(zip(chosen, places, rows, strict=True)):
            trips = self.scenes[index].trips
            if not self.scenes[index].has_edges:
                continue
            for role, zone, edge in (
                (0, trips.origin_zone, trips.origin_edge),
                (1, trips.destination_zone, trips.destination_edge),
            ):
                picked = generator.integers(classes.shape[1], size=classes.shape[1] // 4)
                trip = row[picked]
                parts.append(
                    _choices(
                        place,
                        batch=batch,
                        role=role,
                        zone=zone[trip],
                        edge=edge[trip],
                        vehicle_class=classes[batch][picked],
                    )
                )
        if not parts:
            return None
        most = max(part.edge.shape[1] for part in parts)
        grown = [_grown(part, most) for part in parts]
        return EdgeChoices(
            *(torch.cat([getattr(part, name) for part in grown]) for name in EdgeChoices.__annotations__)
        )


def _choices(
    place: Place,
    *,
    batch: int,
    role: int,
    zone: NDArray[np.int32],
    edge: NDArray[np.int32],
    vehicle_class: NDArray[np.int64],
) -> EdgeChoices:
    zones = torch.from_numpy(zone.astype(np.int64))
    first = place.edge_offsets[zones]
    size = place.edge_offsets[zones + 1] - first
    inside = torch.arange(int(size.max()))
    real = inside < size[:, None]
    index = (first[:, None] + inside).clamp(max=len(place.edge) - 1)
    count = len(zones)
    return EdgeChoices(
        edge=place.edge[index],
        prior=place.edge_prior[index, role],
        real=real,
        batch=torch.full((count,), batch),
        zone=zones,
        role=torch.full((count,), role),
        vehicle_class=torch.from_numpy(vehicle_class.astype(np.int64)),
        chosen=torch.from_numpy(edge.astype(np.int64)) - first,
    )


def _grown(part: EdgeChoices, most: int) -> EdgeChoices:
    more = most - part.edge.shape[1]
    if not more:
        return part
    fields = dict(vars(part))
    fields["edge"] = torch.nn.functional.pad(part.edge, (0, 0, 0, more))
    fields["prior"] = torch.nn.functional.pad(part.prior, (0, more))
    fields["real"] = torch.nn.functional.pad(part.real, (0, more))
    return EdgeChoices(**fields)


def slots_of(scene: Scene, rows: NDArray[np.int64]) -> Tensor:
    """Return the slots of trips, shape (N, 4); -1 for "no via", the middle bin where a departure is unknown."""
    trips = scene.trips
    share = trips.depart_share[rows]
    bins = np.where(np.isfinite(share), share * DEPARTURE_BINS, DEPARTURE_BINS // 2)
    bins = bins.astype(np.int64).clip(0, DEPARTURE_BINS - 1)
    table = np.stack([trips.origin_zone[rows], trips.destination_zone[rows], trips.via_zone[rows], bins], axis=1)
    return torch.from_numpy(table.astype(np.int64))


def conditions_of(
    scene: Scene,
    *,
    trips_per_hour: float | None = None,
    fringe_shares: tuple[float, float] | None = None,
    hidden: NDArray[np.bool_] | None = None,
) -> Conditions:
    """Return source, hour, level and fringe of a scene as the network reads them, for a batch of one.

    Parameters
    ----------
    scene
        Its source and window count.
    trips_per_hour
        Of the whole scene; hidden if None.
    fringe_shares
        Shares of trips that begin and end at the rim; hidden if None.
    hidden
        Shape (4,), hides each of the four, for classifier-free guidance.
    """
    hidden = np.zeros(4, bool) if hidden is None else hidden
    source = len(SOURCES) if hidden[0] else SOURCES.index(scene.source)
    begin_s, end_s = scene.window_s
    middle = 2 * np.pi * (begin_s + end_s) / 2 / _DAY_S
    hour = [np.sin(middle), np.cos(middle), np.sin(2 * middle), np.cos(2 * middle), 1.0]
    lane_km = _lane_km(scene)
    told_level = not hidden[2] and trips_per_hour and lane_km
    level = [np.log10(trips_per_hour / lane_km) - 1.0, 1.0] if told_level and trips_per_hour else [0.0, 0.0]
    return Conditions(
        source=torch.tensor([source]),
        hour=torch.tensor([hour if np.isfinite(middle) and not hidden[1] else [0.0] * 5], dtype=torch.float32),
        level=torch.tensor([level], dtype=torch.float32),
        fringe=torch.tensor(
            [[0.0] * 3 if fringe_shares is None or hidden[3] else [*fringe_shares, 1.0]], dtype=torch.float32
        ),
    )


def fringe_shares(scene: Scene) -> tuple[float, float] | None:
    """Return the shares of trips that begin where traffic enters the net, and end where it leaves; None if unknown."""
    trips = scene.trips
    enters, leaves = (rim_capacity(scene, way) > 0 for way in ("in", "out"))
    if not len(trips) or not (enters.any() or leaves.any()):
        return None
    return (
        float(np.average(enters[trips.origin_edge], weights=trips.weight)),
        float(np.average(leaves[trips.destination_edge], weights=trips.weight)),
    )


def _trips_per_hour(scene: Scene) -> float | None:
    begin_s, end_s = scene.window_s
    hours = (end_s - begin_s) / 3_600
    days = max(len(np.unique(scene.trips.day)), 1)
    return float(scene.trips.weight.sum()) / days / hours if np.isfinite(hours) and hours > 0 else None


def _lane_km(scene: Scene) -> float:
    if "lane_km" not in scene.scene_columns:
        return 0.0
    value = float(scene.scene_values[scene.scene_columns.index("lane_km")])
    return value if np.isfinite(value) else 0.0


def pad(places: Sequence[Place]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return zones, which of them are real, time bases and priors of scenes, padded to the largest."""
    most = max(map(len, places))
    zone = torch.zeros(len(places), most, places[0].zone.shape[1])
    real = torch.zeros(len(places), most, dtype=torch.bool)
    bases = torch.zeros(len(places), most, most, places[0].bases.shape[-1])
    prior = torch.zeros(len(places), most, 2)
    for index, place in enumerate(places):
        count = len(place)
        zone[index, :count] = place.zone
        real[index, :count] = True
        bases[index, :count, :count] = place.bases
        prior[index, :count] = place.prior
    return zone, real, bases, prior
