"""Choose at random why people in a town travel: where trips begin and end, how zones relate, and when.

Nothing here is measured. Shapes and ranges are declared, wide on purpose, so that what a model learns from hundreds
of such towns is how demand depends on roads and places at all, and not one town's habits.

==========  ================================  ==========================  ===========
kind        begins                            ends                        relation
==========  ================================  ==========================  ===========
gravity     by size                           by size                     deterrence
activity    homes, work places, shops         the other one               its root
corridors   rim and size                      rim and size                few pairs
through     rim, by capacity                  rim, by capacity            straight on
events      homes                             one venue                   none
==========  ================================  ==========================  ===========

Gravity, activity and events also come in across the rim and leave across it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.demand.departures import DAY_VEHICLE_TRIPS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from trafficdiff.datatypes.reach import Reach
    from trafficdiff.datatypes.scene import Scene

    Array = NDArray[np.float64]

__all__ = ["DAY_SLOTS", "FRINGE_SHARES", "Flow", "column", "pois_near", "random_flows", "relative", "zone_times"]

DAY_SLOTS: Final = 288
"""Slots of a day of which each has a density of departures."""
FRINGE_SHARES: Final = (0.05, 0.9)
"""Least and largest share of trips that begin at the rim, where the net has one."""

_SPEED_MS: Final = 7.0
"""Speed over the straight distance where no way between two zones is known [m/s]."""
_LEAST_SHARE: Final = 1e-4
_PEAKS_H: Final[dict[str, tuple[tuple[float, float, float], ...]]] = {
    "to_work": ((7.7, 1.0, 1.0), (13.5, 2.0, 0.15)),
    "from_work": ((17.2, 1.3, 1.0), (12.5, 1.5, 0.2)),
    "shop": ((11.0, 1.5, 0.7), (16.5, 2.0, 1.0)),
    "event_in": ((19.0, 0.6, 1.0),),
    "event_out": ((22.0, 0.4, 1.0),),
}
"""Hour, width [h] and weight of the humps of each purpose; declared, and jittered for every scene."""
_KINDS: Final = {"gravity": 1.2, "activity": 1.5, "corridors": 0.7, "events": 0.25}
"""Parameters of the Dirichlet law of the kinds' shares."""
_SHOPS: Final = ("shop_clothes", "shop_beauty", "boutique", "retail", "commodity", "food", "marketplace", "restaurant")
_WORK: Final = ("office", "finance", "government", "education", "health", "public", "industrial", "commercial")


@dataclass(frozen=True, eq=False)
class Flow:
    """Hold one kind of trip.

    Parameters
    ----------
    origin, destination
        Shape (E,), weights of edges as trip ends.
    relation
        Shape (Z, Z), weights of pairs of zones.
    share
        Share of all trips.
    density
        Shape (`DAY_SLOTS`,), departures over the day, in any unit.
    """

    origin: Array
    destination: Array
    relation: Array
    share: float
    density: Array


def random_flows(scene: Scene, reach: Reach, *, generator: np.random.Generator) -> list[Flow]:
    """Return the kinds of trips of a made-up town on the roads of a scene.

    Parameters
    ----------
    scene
        A scene of a road graph.
    reach
        What passenger cars can reach there.
    generator
        Source of randomness.
    """
    ends = _Ends(scene, reach, generator)
    time_s = zone_times(scene)
    kinds = dict(zip(_KINDS, generator.dirichlet(list(_KINDS.values())), strict=True))
    day = np.repeat(DAY_VEHICLE_TRIPS, DAY_SLOTS // 24).astype(np.float64)
    comes, goes = _rim_shares(ends, generator)
    through = min(comes, goes) * generator.uniform(0.1, 0.95)
    inside = (1 - through) * (1 - kinds["corridors"])
    flows = [
        Flow(ends.enter, ends.leave, _straight_on(scene, time_s, generator), through, day),
        Flow(*ends.great, _corridors(scene, ends.great, generator), (1 - through) * kinds["corridors"], day),
    ]
    comes, goes = ((share - through) / (1 - through) for share in (comes, goes))
    for flow in _purposes(kinds, ends, time_s, generator):
        weak = flow.relation ** generator.uniform(0, 0.3)  # who comes from outside has driven far already
        each = inside * flow.share
        flows += [
            Flow(flow.origin, flow.destination, flow.relation, each * (1 - comes) * (1 - goes), flow.density),
            Flow(ends.enter, flow.destination, weak, each * comes * (1 - 0.5 * goes), flow.density),
            Flow(flow.origin, ends.leave, weak, each * goes * (1 - 0.5 * comes), flow.density),
        ]
    return [flow for flow in flows if flow.share > _LEAST_SHARE and flow.origin.any() and flow.destination.any()]


def _rim_shares(ends: _Ends, generator: np.random.Generator) -> tuple[float, float]:
    """Return the shares of trips that begin and that end at the rim; mostly they are alike."""
    if not (ends.enter.any() and ends.leave.any()):
        return 0.0, 0.0
    comes, goes = generator.uniform(*FRINGE_SHARES, size=2).tolist()
    return (comes, 0.5 * (comes + goes)) if generator.random() < 0.7 else (comes, goes)


def _purposes(kinds: dict[str, float], ends: _Ends, time_s: Array, generator: np.random.Generator) -> list[Flow]:
    """Return the kinds of trips inside the town, their shares adding up to one less the corridors'."""
    evenly = np.ones_like(time_s)
    near = _deterrence(time_s, generator)
    day = np.repeat(DAY_VEHICLE_TRIPS, DAY_SLOTS // 24) if generator.random() < 0.7 else np.ones(DAY_SLOTS)
    when = {name: _humps(peaks, generator) for name, peaks in _PEAKS_H.items()}
    gravity, activity, events = (kinds[name] / (1 - kinds["corridors"]) for name in ("gravity", "activity", "events"))
    return [
        Flow(ends.size_from, ends.size_to, near, gravity, day.astype(np.float64)),
        Flow(ends.home, ends.work, near**0.5, 0.35 * activity, when["to_work"]),
        Flow(ends.work, ends.home, near**0.5, 0.35 * activity, when["from_work"]),
        Flow(ends.home, ends.shop, near, 0.15 * activity, when["shop"]),
        Flow(ends.shop, ends.home, near, 0.15 * activity, when["shop"]),
        Flow(ends.home, ends.venue, evenly, 0.6 * events, when["event_in"]),
        Flow(ends.venue, ends.home, evenly, 0.4 * events, when["event_out"]),
    ]


class _Ends:
    """Hold weights of edges as trip ends, shape (E,) each: by purpose, and at the rim."""

    def __init__(self, scene: Scene, reach: Reach, generator: np.random.Generator) -> None:
        self.scene, self.generator = scene, generator
        length, rank = column(scene, "length"), column(scene, "class_rank")
        begin, end = (can.astype(np.float64) for can in (reach.can_begin, reach.can_end))
        blind = column(scene, "dead_end")
        self.blind = np.maximum(blind, np.where(reach.reverse >= 0, blind[reach.reverse], 0.0))
        floor, pois = relative(column(scene, "floor_area_near")), relative(pois_near(scene))
        a, b, c, d = generator.uniform((0.3, 0, 0, -0.3), (1.2, 0.8, 0.8, 0.5))
        size = length**a * floor**b * pois**c * (1 + rank) ** d * self._connectors()
        self.size_from, self.size_to = begin * size * self._ground(), end * size * self._ground()
        quiet = np.exp(-((rank - generator.uniform(0.7, 1.5)) ** 2) / generator.uniform(0.5, 2.0))
        both = begin * end * self._connectors()
        self.home = both * length * quiet * floor ** generator.uniform(0, 1) * self._ground()
        self.work = both * self._places(_WORK) * floor ** generator.uniform(0, 0.7) * self._centres()
        self.shop = both * self._places(_SHOPS) * self._centres()
        self.venue = begin * end * self._centres(count=1, reach=0.03)
        power, noise = generator.uniform((0.5, 0), (1.6, 0.8))
        chance = np.exp(generator.normal(0, noise, (2, len(length))))
        self.enter = begin * column(scene, "enter_capacity") ** power * chance[0]
        self.leave = end * column(scene, "leave_capacity") ** power * chance[1]

    @property
    def great(self) -> tuple[Array, Array]:
        """Where corridors begin and end: at the rim, and inside by size, about alike."""
        return _even_mix(self.enter, self.size_from), _even_mix(self.leave, self.size_to)

    def _connectors(self) -> Array:
        """Return uneven weights of edges; mostly few edges serve all around, as zones of traffic models do."""
        count = len(self.scene.edge_values)
        weight = np.exp(self.generator.normal(0, self.generator.uniform(0, 1.5), count))
        if self.generator.random() < 0.65:
            weight *= np.where(self.generator.random(count) < self.generator.uniform(0.03, 0.5), 1.0, 0.02)
        return weight * np.exp(self.generator.uniform(-0.5, 2.0) * self.blind)

    def _places(self, kinds: tuple[str, ...]) -> Array:
        """Return a weight that grows with the points of interest of some kinds near each edge."""
        near = relative(pois_near(self.scene, lambda name: name in kinds))
        return near ** self.generator.uniform(0.5, 1.3) * column(self.scene, "length") ** 0.5

    def _ground(self) -> Array:
        """Return a smooth random field over the town, about 1."""
        return 0.3 + self._hill(0.25) * self.generator.uniform(0, 2) + self._hill(0.25) * self.generator.uniform(0, 2)

    def _centres(self, *, count: int | None = None, reach: float = 0.1) -> Array:
        """Return random centres of attraction over a low ground."""
        count = int(self.generator.integers(2, 6)) if count is None else count
        ground = 0.0 if count == 1 else self.generator.uniform(0.02, 0.3)
        return np.asarray(ground + np.sum([self._hill(reach) for _ in range(count)], axis=0))

    def _hill(self, reach: float) -> Array:
        """Return a hill around a random zone; its width is a share of the town's extent."""
        xy = self.scene.zone_xy_m.astype(np.float64)
        centre = xy[self.generator.integers(len(xy))]
        width_m = reach * self.generator.uniform(0.5, 2.0) * np.ptp(xy, axis=0).mean() + 1.0
        hill = np.exp(-(((xy - centre) / width_m) ** 2).sum(axis=1) / 2)
        return np.asarray(hill[self.scene.edge_zone])


def column(scene: Scene, name: str) -> Array:
    """Return one column of a scene's edges, shape (E,)."""
    return scene.edge_values[:, scene.edge_columns.index(name)].astype(np.float64)


def pois_near(scene: Scene, wanted: Callable[[str], bool] = lambda _: True) -> Array:
    """Return how many points of interest of the wanted categories lie near each edge, shape (E,); NaN if unknown."""
    prefix = "pois_near_"
    places = [
        place
        for place, name in enumerate(scene.edge_columns)
        if name.startswith(prefix) and wanted(name.removeprefix(prefix))
    ]
    return np.asarray(scene.edge_values[:, places].sum(axis=1, dtype=np.float64))


def relative(values: Array) -> Array:
    """Return values over their mean plus a tenth; ones where nothing is known."""
    known = np.nan_to_num(values)
    return 0.1 + known / known.mean() if known.any() else np.ones_like(known)


def zone_times(scene: Scene) -> Array:
    """Return times between zones [s], shape (Z, Z); from the straight distance where no way is known."""
    xy = scene.zone_xy_m.astype(np.float64)
    straight_s = np.linalg.norm(xy[:, None] - xy, axis=-1) / _SPEED_MS
    return np.where(np.isfinite(scene.travel_time_s), scene.travel_time_s, straight_s)


def _even_mix(first: Array, second: Array) -> Array:
    parts = [part / part.sum() for part in (first, second) if part.any()]
    return np.sum(parts, axis=0) if parts else np.zeros_like(first)


def _deterrence(time_s: Array, generator: np.random.Generator) -> Array:
    """Return a random deterrence: exponential, power, or log-normal around a preferred time."""
    between = time_s[time_s > 0]
    usual_s = float(np.median(between)) if len(between) else 1.0
    scale_s = usual_s * np.exp(generator.uniform(np.log(0.25), np.log(3.0)))
    steepness, width = generator.uniform((1, 0.4), (3, 1.0))
    laws = (
        np.exp(-time_s / scale_s),
        (1 + time_s / scale_s) ** -steepness,
        np.exp(-(np.log((time_s + 10) / scale_s) ** 2) / (2 * width**2)),
    )
    return np.asarray(laws[generator.integers(len(laws))])


def _straight_on(scene: Scene, time_s: Array, generator: np.random.Generator) -> Array:
    """Return how through traffic relates zones: it crosses the town rather than turns back, and keeps its road."""
    xy = scene.zone_xy_m.astype(np.float64)
    bearing = xy / np.maximum(np.linalg.norm(xy, axis=1), 1.0)[:, None]
    opposite = (1 - bearing @ bearing.T) / 2
    far = time_s / max(float(time_s.max()), 1.0)
    rank = scene.zone_values[:, scene.zone_columns.index("class_rank")].astype(np.float64)
    unlike, across, away = generator.uniform((0, 0, 0), (1, 4, 3))
    return np.asarray(np.exp(-np.abs(rank[:, None] - rank) * unlike + across * opposite + away * far))


def _corridors(scene: Scene, ends: tuple[Array, Array], generator: np.random.Generator) -> Array:
    """Return a table with a few strong pairs of zones, drawn by the weight of their ends; half of them also back."""
    count = len(scene)
    begin, end = (np.bincount(scene.edge_zone, weight, count) for weight in ends)
    table = np.zeros((count, count))
    if not begin.any() or not end.any():
        return table
    pairs = int(generator.integers(3, 16))
    first = generator.choice(count, pairs, p=begin / begin.sum())
    last = generator.choice(count, pairs, p=end / end.sum())
    strength = generator.pareto(1.5, pairs) + 0.2
    np.add.at(table, (first, last), strength / (begin[first] * end[last]))
    back = (begin[last] * end[first] > 0) & (generator.random() < 0.5)
    first, last, strength = first[back], last[back], 0.7 * strength[back]
    np.add.at(table, (last, first), strength / (begin[last] * end[first]))
    return table


def _humps(peaks: tuple[tuple[float, float, float], ...], generator: np.random.Generator) -> Array:
    """Return a density over the day, of humps that are shifted and widened at random, over a low ground."""
    hours = (np.arange(DAY_SLOTS) + 0.5) * 24 / DAY_SLOTS
    density = np.full(DAY_SLOTS, generator.uniform(0.005, 0.1))
    for centre_h, width_h, weight in peaks:
        apart_h = np.abs(hours - centre_h - generator.normal(0, 0.7))
        wide_h = width_h * generator.uniform(0.6, 1.6)
        density += weight * np.exp(-((np.minimum(apart_h, 24 - apart_h) / wide_h) ** 2) / 2)
    return density
