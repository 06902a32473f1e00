"""Judge replayed cases: possible, as critical as asked, and then a scene on disk."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.edge_case import TOLERANCE, EdgeCase
from trafficdiff.datatypes.track_checks import kinematic_faults
from trafficdiff.scenarios.edge_case_conditions import condition_tags
from trafficdiff.simulation.staged_tracks import signals_of, tracks_of

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.edge_case import EdgeCaseType
    from trafficdiff.datatypes.scene_environment import Environment
    from trafficdiff.datatypes.staging import Place, Staging
    from trafficdiff.datatypes.tracks import Tracks
    from trafficdiff.simulation.staging import Recording
    from trafficdiff.workflows.scenes_make_staging import Stage

__all__ = ["TRAFFIC", "Draft", "judge", "shown_parameters"]

TRAFFIC: Final = "traffic"
"""Reasons that begin so are somebody's of the traffic, who is left out the next time."""


@dataclass(eq=False)
class Draft:
    """Follow one case on its way from a drawn point to a scene.

    Parameters
    ----------
    number
        Of the case.
    shares, values
        The drawn point, as shares of the ranges and in units.
    environment
        The conditions that follow from it.
    order
        Places that are still to be tried, by number.
    attempts
        How often it was replayed.
    refused
        Why earlier attempts were given up.
    staging, place
        As it is played now.
    case
        What came of it, once it turned out as asked.
    """

    number: int
    shares: dict[str, float]
    values: dict[str, float]
    environment: Environment
    order: list[int]
    attempts: int = 0
    refused: list[str] = field(default_factory=list)
    staging: Staging | None = None
    place: Place | None = None
    case: EdgeCase | None = None


def judge(
    on: Stage, kind: EdgeCaseType, draft: Draft, recording: Recording | str, *, made: Path, net_file: Path
) -> None:
    """Measure what was recorded; write the scene if it is as asked, else note why it is not."""
    from trafficdiff.metrics.staged_cases import achieved

    assert draft.staging is not None
    assert draft.place is not None
    if isinstance(recording, str):
        draft.refused.append(recording)
        return
    recording = replace(recording, begin_s=_seconds_of_day(draft.environment))
    names = tuple(actor.name for actor in draft.staging.actors)
    tracks = tracks_of(recording, actors=names, edge_index=on.graph.edge_index)
    reason, culprits = _impossible(tracks, names)
    if reason:
        draft.refused.append(reason)
        if culprits:
            draft.staging = replace(draft.staging, absent=tuple(sorted({*recording.cleared, *culprits})))
        return
    value = achieved(
        tracks, kind.question, ego="ego", opponent="opponent", trigger_s=recording.begin_s + draft.staging.trigger_s
    )
    asked = draft.values[kind.question]
    if not abs(value - asked) <= TOLERANCE * abs(asked):
        draft.refused.append(f"achieved {value:.3g} instead of {asked:.3g}")
        return
    draft.case = _case(on, kind, draft, recording=recording, tracks=tracks, value=value)
    _write_scene(on, kind, draft, recording, tracks, made=made, net_file=net_file)


def _impossible(tracks: Tracks, actors: tuple[str, ...]) -> tuple[str, set[str]]:
    """Return why tracks cannot be, ``""`` if they can, and who of the traffic is to blame."""
    from trafficdiff.metrics.safety_events import conflicts

    faults = kinematic_faults(tracks)
    mine = faults[faults.user_id.isin(actors)]
    if len(mine):
        row = mine.iloc[0]
        return f"{row.user_id}: {row.check} of {row.value:.3g}", set()
    found = conflicts(tracks)
    crashed = found[found.collision]
    who = {str(name).partition("~")[0] for name in (*faults.user_id, *crashed.user, *crashed.other)} - set(actors)
    if len(faults):
        return f"{TRAFFIC}: {faults.iloc[0].check} beyond what is possible", who
    return (f"{TRAFFIC}: a collision" if who else "actors collide", who) if len(crashed) else ("", set())


def _seconds_of_day(environment: Environment) -> float:
    """Return when a scene begins by its own sky; the traffic around it is that of another hour."""
    moment = environment.date_time
    return 3_600.0 * moment.hour + 60.0 * moment.minute + moment.second


def _case(
    on: Stage, kind: EdgeCaseType, draft: Draft, *, recording: Recording, tracks: Tracks, value: float
) -> EdgeCase:
    staging, place = draft.staging, draft.place
    assert staging is not None
    assert place is not None
    return EdgeCase(
        name=staging.name, type=kind.name, valid=True, question=kind.question, asked=draft.values[kind.question],
        achieved=value, parameters=shown_parameters(kind, draft), place=place.name,
        radius_m=round(place.radius_m, 1) if np.isfinite(place.radius_m) else None,
        angle_deg=round(float(np.degrees(abs(place.angle_rad))), 2) if place.other is not None else None,
        moment_s=on.traffic.moments_s[staging.moment], trigger_s=round(staging.trigger_s, 3),
        contact_s=round(staging.contact_s, 3), duration_s=round(float(np.ptp(tracks.time_s)), 3),
        users=len(tracks.user_id), cleared=len(recording.cleared), attempts=draft.attempts,
        refused=tuple(draft.refused), scene=staging.name,
    )  # fmt: skip


def shown_parameters(kind: EdgeCaseType, draft: Draft) -> dict[str, float]:
    """Return the parameters as they were used: conditions are those of the environment, not the shares drawn."""
    sky, own = draft.environment, {one.name for one in kind.parameters}
    shown = {name: round(value, 6) for name, value in draft.values.items() if name in own}
    clock = sky.date_time.hour + sky.date_time.minute / 60
    debris = draft.staging is not None and any(actor.name == "debris" for actor in draft.staging.actors)
    shown |= {"hour": round(clock, 3), "precipitation_mm_h": sky.precipitation_mm_h, "friction": sky.friction}
    shown |= {"snow": float(sky.precipitation == "snow"), "debris": float(debris)}
    return shown if sky.fog_visual_range_m is None else shown | {"fog_visual_range_m": sky.fog_visual_range_m}


def _write_scene(
    on: Stage,
    kind: EdgeCaseType,
    draft: Draft,
    recording: Recording,
    tracks: Tracks,
    *,
    made: Path,
    net_file: Path,
) -> None:
    from trafficdiff.datatypes.driving_scene import DrivingScene
    from trafficdiff.datatypes.driving_scene_files import write_driving_scene

    assert draft.case is not None
    case = draft.case
    facts = {"type": kind.name, "title": kind.title, "asked": f"{kind.question} {case.asked:.4g}",
             "achieved": f"{case.achieved:.4g}", "parameters": json.dumps(case.parameters, sort_keys=True),
             "place": case.place, "cleared": str(case.cleared)}  # fmt: skip
    scene = DrivingScene(
        name=case.name, tracks=tracks, edge_id=on.graph.edge_id, ego="ego", net_file=net_file,
        environment=draft.environment, signals=signals_of(recording),
        tags=tuple(dict.fromkeys((*kind.tags, *condition_tags(draft.environment)))),
        provenance=on.provenance | facts,
    )  # fmt: skip
    write_driving_scene(scene, made / case.scene, copy_net=False)
