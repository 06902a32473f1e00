"""Stage the cases of one type: find a place that fits each, replay, measure, and try again where it is not as asked."""

from __future__ import annotations

import datetime as dt
import resource
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np

from trafficdiff.datatypes.edge_case import EdgeCase
from trafficdiff.scenarios.edge_case_choreography import stage
from trafficdiff.scenarios.edge_case_conditions import environment_of, grip_ms2
from trafficdiff.scenarios.edge_case_drawing import values_of
from trafficdiff.scenarios.edge_case_motion import RefusedError
from trafficdiff.scenarios.edge_case_sampling import covering_points
from trafficdiff.scenarios.weather_factors import PUBLISHED
from trafficdiff.simulation.staging import StagedTraffic
from trafficdiff.workflows.randomness import stream, sumo_seed
from trafficdiff.workflows.scenes_make_judging import TRAFFIC, Draft, judge, shown_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.edge_case import EdgeCaseType
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scene_environment import Environment
    from trafficdiff.datatypes.staging import Place
    from trafficdiff.workflows.progress import Progress
    from trafficdiff.workflows.scenes_make import Wishes

__all__ = ["Played", "Stage", "cases_of"]

_DATE: Final = dt.date(2024, 10, 8)
"""Day of the scenes: near an equinox, so that days and nights are both long."""
_BEGIN_S, _MOMENTS, _BETWEEN_S, _WARM_UP_S = 25_200.0, 8, 30.0, 240.0
"""The traffic begins at 7:00, warms up for four minutes and offers eight moments, half a minute apart."""
_TRIPS_PER_KM_H: Final = 55.0
"""Trips an hour and kilometre of street: a tenth above Helsinki's morning peak, 1,300 on 26 km (networks/helsinki)."""
_PLACES: Final = 40
"""Places that are tried for one drawn point."""
_ROUNDS: Final = 4
"""How often a case is staged again elsewhere when it did not turn out as asked."""
_BATCH: Final = 25
"""Cases for one process of SUMO."""
_POINTS: Final = 4
"""So many times the cases asked for are drawn, for points that are impossible."""
_HEAVY_MM_H: Final = {"rain": 6.4, "snow": 2.5}


@dataclass(frozen=True, eq=False, kw_only=True)
class Stage:
    """Hold what all types are staged on: roads, places, traffic, sky."""

    graph: RoadGraph
    traffic: StagedTraffic
    places: dict[str, list[Place]]
    seed: int
    lonlat: tuple[float, float]
    utc_offset_h: float
    provenance: dict[str, str]

    @classmethod
    def open(
        cls,
        graph: RoadGraph,
        wishes: Wishes,
        *,
        seed: int,
        demand: str,
        trips_per_hour: int | None,
        work: Path,
        progress: Progress,
    ) -> Stage:
        """Find the places and draw the traffic."""
        from trafficdiff.datatypes.scenario import GravityDemand, ModelDemand, UniformDemand
        from trafficdiff.roads.locality import time_zone_at
        from trafficdiff.roads.staging_places import find_places
        from trafficdiff.workflows.sample import draw_trips

        progress("looking for places", None)
        places = find_places(graph.net_path, frozenset(kind.place for kind in wishes.types))
        moments = tuple(_BEGIN_S + _WARM_UP_S + _BETWEEN_S * number for number in range(_MOMENTS))
        window_s = (_BEGIN_S, moments[-1] + 60.0)
        hourly = trips_per_hour or max(10.0, _TRIPS_PER_KM_H * float(graph.length_m[graph.drivable()].sum()) / 1_000)
        trips = max(1, round(hourly * (window_s[1] - window_s[0]) / 3_600))
        progress(f"drawing {trips} trips", None)
        kinds = {"model": ModelDemand, "uniform": UniformDemand, "gravity": GravityDemand}
        drawn = draw_trips(graph, kinds[demand](trips=trips), window_s=window_s, seed=seed)
        lon, lat = (float(value) for value in graph.to_lonlat(graph.node_xy.mean(axis=0)))
        zone = dt.datetime.combine(_DATE, dt.time(12), ZoneInfo(time_zone_at(lon, lat)))
        offset = zone.utcoffset() or dt.timedelta()
        return cls(
            graph=graph, places=places, seed=seed, lonlat=(lon, lat), utc_offset_h=offset.total_seconds() / 3_600,
            traffic=StagedTraffic(
                graph=graph, trips=drawn, moments_s=moments, seed=sumo_seed(seed), directory=work
            ),
            provenance={
                "synthetic": "true", "made_by": "trafficdiff scenes make", "network": graph.name, "seed": str(seed),
                "traffic": drawn.origin, "traffic_trips": str(trips),
                "actors": "ego and opponent are choreographed; the ego does nothing and leaves before it would hit",
            },
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Played:
    """Hold the cases of one type, the points of those that were kept, what was refused, and SUMO's time [s]."""

    cases: list[EdgeCase]
    points: NDArray[np.float64]
    refused: Counter[str]
    sumo_s: float


def cases_of(
    on: Stage,
    kind: EdgeCaseType,
    *,
    wishes: Wishes,
    made: Path,
    net_file: Path,
    progress: Callable[[float], None],
) -> Played:
    """Return as many cases of a type as are asked for; those that turned out as asked are written as scenes.

    A few at a time are replayed, so that memory does not grow with their number; `progress` receives the share done.
    """
    began = _children_s()
    refused: Counter[str] = Counter()
    drafts = _drafts(on, kind, wishes, refused)
    waiting = list(drafts)
    for _ in range(_ROUNDS):
        for begin in range(0, len(waiting), _BATCH):
            batch = waiting[begin : begin + _BATCH]
            played = on.traffic.replay([draft.staging for draft in batch if draft.staging is not None])
            for draft, recording in zip(batch, played, strict=True):
                draft.attempts += 1
                judge(on, kind, draft, recording, made=made, net_file=net_file)
            progress(sum(draft.case is not None for draft in drafts) / wishes.count)
        waiting = [draft for draft in waiting if draft.case is None and _staged_anew(on, kind, draft, refused)]
        if not waiting:
            break
    cases = [draft.case or _given_up(kind, draft) for draft in drafts]
    missing = range(len(drafts), wishes.count)
    most = refused.most_common(1)[0][0] if refused else "no point was possible"
    cases += [_impossible(kind, number, wishes, reason=most) for number in missing]
    kept = [draft for draft in drafts if draft.case is not None and draft.case.valid]
    points = np.array([list(draft.shares.values()) for draft in kept], float)
    points = points.reshape(-1, len(wishes.ranges[kind.name]))
    refused.update(reason for draft in drafts for reason in draft.refused)
    return Played(cases, points, refused, _children_s() - began)


def _drafts(on: Stage, kind: EdgeCaseType, wishes: Wishes, refused: Counter[str]) -> list[Draft]:
    """Return drafts whose points are possible at some place, in the order of the sequence."""
    ranges = wishes.ranges[kind.name]
    generator = stream(on.seed, f"edge cases {kind.name}")
    points = covering_points(_POINTS * wishes.count, dimensions=len(ranges), generator=generator)
    drafts: list[Draft] = []
    for point in points:
        shares = dict(zip(ranges, point.tolist(), strict=True))
        environment = environment_of(
            shares, ranges, date=_DATE, lonlat=on.lonlat, utc_offset_h=on.utc_offset_h, varied=wishes.varied
        )
        draft = Draft(len(drafts), shares, values_of(shares, ranges), environment, order=[])
        draft.order = _places_in_order(on.places[kind.place], kind, draft.values, generator)
        if _staged_anew(on, kind, draft, refused):
            drafts.append(draft)
        if len(drafts) == wishes.count:
            break
    return drafts


def _places_in_order(
    places: Sequence[Place], kind: EdgeCaseType, values: Mapping[str, float], generator: np.random.Generator
) -> list[int]:
    """Return places as they are tried: at random, those first whose angle or radius is near what is asked."""
    chance = generator.random(len(places))
    if kind.place == "bend":
        target = (np.inf, 1_000.0, 250.0)[min(2, int(values["bend"] * 3))]
        bends = np.array([1 / place.radius_m for place in places])
        chance = np.abs(bends - 1 / target) * 1_000 + 0.2 * chance
    elif kind.place in {"crossing", "from-right", "left-turn"}:
        angles = np.degrees(np.abs([place.angle_rad for place in places]))
        chance = np.abs(angles - values["angle_deg"]) / 20 + chance
    return [int(place) for place in np.argsort(chance, kind="stable")]


def _staged_anew(on: Stage, kind: EdgeCaseType, draft: Draft, refused: Counter[str]) -> bool:
    """Give a draft the next place that it fits, and another moment; return whether there is one."""
    if draft.staging is not None and draft.refused and draft.refused[-1].startswith(TRAFFIC):
        return True  # the same again, without who drove impossibly
    for _ in range(min(_PLACES, len(draft.order))):
        place = on.places[kind.place][draft.order.pop(0)]
        try:
            staging = stage(
                f"{kind.name}-{draft.number:04d}", kind.name, values=draft.values, place=place,
                grip_ms2=grip_ms2(draft.environment), moment=(draft.number + draft.attempts) % _MOMENTS,
            )  # fmt: skip
        except RefusedError as error:
            refused[str(error)] += 1
            continue
        draft.place, draft.staging = (
            place,
            replace(
                staging,
                speed_factor=_speed_factor(draft.environment),
                braking_ms2=min(9.0, grip_ms2(draft.environment)),
            ),
        )
        return True
    return False


def _speed_factor(environment: Environment) -> float:
    """Return how fast traffic drives in rain or snow against dry daylight; see `weather_factors`."""
    kind = environment.precipitation
    if kind == "dry":
        return 1.0
    heavy = environment.precipitation_mm_h > _HEAVY_MM_H[kind]
    return PUBLISHED[f"heavy_{kind}" if heavy else kind].speed_factor.value


def _given_up(kind: EdgeCaseType, draft: Draft) -> EdgeCase:
    return EdgeCase(
        name=f"{kind.name}-{draft.number:04d}", type=kind.name, question=kind.question,
        asked=draft.values[kind.question], parameters=shown_parameters(kind, draft), attempts=draft.attempts,
        reason=draft.refused[-1] if draft.refused else "no place fits", refused=tuple(draft.refused),
    )  # fmt: skip


def _impossible(kind: EdgeCaseType, number: int, wishes: Wishes, *, reason: str) -> EdgeCase:
    asked = wishes.ranges[kind.name][kind.question]
    return EdgeCase(
        name=f"{kind.name}-{number:04d}", type=kind.name, question=kind.question, asked=(asked.low + asked.high) / 2,
        reason=f"not enough points of the ranges are possible here: {reason}",
    )  # fmt: skip


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
