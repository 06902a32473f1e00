"""Go on from the first second of scenes, led to a time to collision by the scene model; keep what is as asked.

::

    AV scenes, or a run ─▶ first second, opponent, bounds ─▶ draws led within a budget ─▶ judged ─┬─ as asked ─▶ scene
                                                        ▲ the next ones ───────────────┘ not
"""

from __future__ import annotations

import dataclasses
import json
import math
import resource
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from trafficdiff.datatypes.guided_case import KEPT_S, GuidedCase
from trafficdiff.errors import Faults, InputError, TrafficdiffError
from trafficdiff.publish import publishing, real_path, refuse_taken
from trafficdiff.scenarios.edge_case_conditions import condition_tags
from trafficdiff.workflows.closed_loop import REPLAN_S, ClosedLoop, check_loop
from trafficdiff.workflows.closed_loop_judging import ALL_REFUSALS, Driving, Happened, let_happen
from trafficdiff.workflows.motion_drawing import as_driving_scene, scene_model
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import stream
from trafficdiff.workflows.scenes_guide_files import place_of, shared_nets, write_cases
from trafficdiff.workflows.scenes_guide_judging import REFUSALS
from trafficdiff.workflows.scenes_guide_places import is_run, starts_in_run
from trafficdiff.workflows.scenes_guide_starts import opened_starts, start_of
from trafficdiff.workflows.scenes_guide_wish import HERD, LIKELIEST, Wish

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.diffusion.motion_checkpoint import MotionCheckpoint
    from trafficdiff.diffusion.motion_guidance import Guidance
    from trafficdiff.diffusion.motion_sampler import DrawnScene
    from trafficdiff.workflows.progress import Progress
    from trafficdiff.workflows.scenes_guide_places import Place
    from trafficdiff.workflows.scenes_guide_starts import Start

__all__ = ["GuidedScenes", "guide_scenes"]

KIND: Final = "staged scenes"
_MOST: Final = 10_000
_MOST_DRAWS: Final = 4_096


@dataclass(frozen=True)
class GuidedScenes:
    """Say what was made.

    Parameters
    ----------
    directory, cases
        Where, and all cases, kept or not.
    drawn, refused
        How many scenes were drawn, and why how many of them were not kept.
    skipped
        Scenes that could not be gone on from, and why.
    checkpoint_sha256, cpu_s
        Of the scene model; processor time [s].
    """

    directory: Path
    cases: tuple[GuidedCase, ...]
    drawn: int
    refused: dict[str, int]
    skipped: dict[str, str] = field(default_factory=dict)
    checkpoint_sha256: str = ""
    cpu_s: float = 0.0


def guide_scenes(
    scenes: Path,
    directory: Path,
    *,
    count: int,
    seed: int,
    wish: Wish | None = None,
    place: Place | None = None,
    driving: Driving | None = None,
    checkpoint: Path | None = None,
    progress: Progress = quiet,
) -> GuidedScenes:
    """Make guided scenes and publish them in one directory, whole or not at all.

    Parameters
    ----------
    scenes
        A folder of AV scenes, found or made, or one of them; or a run with fine tracks, out of which ordinary scenes
        are cut (see `workflows.scenes_guide_places`).
    directory
        The directory to make: a scene a folder, ``scenes.csv`` and ``scenes.json``, the nets.

    Other Parameters
    ----------------
    count, seed
        Cases, which take the scenes in turn, and of everything random.
    wish
        What is asked of them.
    place
        Where in a run; None for anywhere, and for AV scenes.
    driving
        Who drives the ego while scenes happen in SUMO; as drawn if None.
    checkpoint
        The scene model; the shipped one if None.
    progress
        Receives stages and shares.

    Raises
    ------
    InputError
        Naming all that cannot be used, before any work; or if no case came out as asked.
    """
    started = _cpu_s()
    wish, driving = wish or Wish(), driving or Driving()
    _check(wish, scenes, place, driving, count=count, seed=seed, directory=directory)
    model = scene_model(checkpoint)
    starts, skipped = _starts(scenes, place, wish, count=count, seed=seed, progress=progress)
    cases: list[GuidedCase] = []
    refused: Counter[str] = Counter()
    with publishing(directory, kind=KIND) as made, _loop(driving) as loop:
        nets = shared_nets([start.scene.net_file for start in starts], made)
        making = _Making(model=model, wish=wish, driving=driving, loop=loop, seed=seed, made=made, nets=nets)
        for number in range(count):
            progress("drawing guided scenes", number / count)
            case, why = _case(starts[number % len(starts)], making, number=number)
            cases.append(case)
            refused.update(why)
        _refuse_nothing(cases, refused)
        write_cases(made, cases, provenance={
            "made_by": "trafficdiff scene model, guided", "scene_model_sha256": model.sha256, "seed": str(seed),
            "wish": json.dumps(dataclasses.asdict(wish), sort_keys=True),
            "driving": json.dumps(dataclasses.asdict(driving), sort_keys=True),
            "skipped": json.dumps(skipped, sort_keys=True), **_told_place(place),
            "drawn": str(sum(case.draws for case in cases)), "refused": json.dumps(dict(refused), sort_keys=True),
        })  # fmt: skip
    return GuidedScenes(
        directory, tuple(cases), sum(case.draws for case in cases), dict(refused), skipped, model.sha256,
        _cpu_s() - started,
    )  # fmt: skip


def _starts(
    scenes: Path, place: Place | None, wish: Wish, *, count: int, seed: int, progress: Progress
) -> tuple[list[Start], dict[str, str]]:
    """Return the scenes to go on from, opened or cut out of a run, and why others cannot be."""

    def told(stage: str, _: float | None, /) -> None:
        progress(stage, None)  # shares are those of the cases

    if not is_run(scenes):
        return opened_starts(scenes, wish, progress=told)
    return starts_in_run(scenes, wish, place=place, count=count, seed=seed, progress=told)


def _told_place(place: Place | None) -> dict[str, str]:
    return {} if place is None else {"place": str(place), "place_radius_m": f"{place.radius_m:g}"}


def _cpu_s() -> float:
    """Return the processor time up to now, that of SUMO's processes that have ended included [s]."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _loop(driving: Driving) -> ClosedLoop:
    return ClosedLoop(ego=driving.ego, replan_s=driving.replan_s or REPLAN_S, engine=driving.engine)


def _check(
    wish: Wish, scenes: Path, place: Place | None, driving: Driving, *, count: int, seed: int, directory: Path
) -> None:
    """Raise with every fault of what is asked."""
    faults = Faults("scenes make guided")
    check_loop(faults, ego=driving.ego, replan_s=driving.replan_s, engine=driving.engine)
    if place is not None:
        place.check(faults)
        if not is_run(scenes):
            faults.add(f"--at: expected a run to cut scenes out of at {place}, got {scenes}; give --from RUN")
    if not 1 <= count <= _MOST:
        faults.add(f"expected a count from 1 to {_MOST:,}, got {count}")
    if not 0 <= seed < 2**31:
        faults.add(f"expected a seed from 0 to {2**31 - 1:,}, got {seed}")
    if not 1 <= wish.draws <= _MOST_DRAWS:
        faults.add(f"expected 1 to {_MOST_DRAWS:,} draws a case, got {wish.draws}")
    if wish.ttc_s[0] > wish.ttc_s[1]:
        faults.add(f"expected times to collision that rise, got {wish.ttc_s[0]:g} to {wish.ttc_s[1]:g}")
    for ttc_s in sorted(set(wish.ttc_s)):
        _collect(faults, lambda ttc_s=ttc_s: wish.guidance(1, ttc_s=ttc_s))
    _collect(faults, lambda: refuse_taken(real_path(directory)))
    faults.raise_if_any(InputError)


def _collect(faults: Faults, step: object) -> None:
    """Do a step and note its faults, each once."""
    try:
        step()  # type: ignore[operator]
    except TrafficdiffError as error:
        for fault in error.faults or (str(error),):
            if fault not in faults.messages:
                faults.add(fault)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Making:
    """Hold what all cases share."""

    model: MotionCheckpoint
    wish: Wish
    driving: Driving
    loop: ClosedLoop
    seed: int
    made: Path
    nets: dict[Path, Path]


def _case(start: Start, making: _Making, *, number: int) -> tuple[GuidedCase, Counter[str]]:
    """Draw for one case, its last quarter of draws with another opponent if there is one; see `_drawn_case`."""
    wish, why = making.wish, Counter[str]()
    first = wish.draws if start.instead is None else math.ceil(LIKELIEST * wish.draws)
    case = _drawn_case(start, making, number=number, until=first, why=why)
    if not case.valid and first < wish.draws:
        again = start_of(start.scene, dataclasses.replace(wish, opponent=start.instead))
        start = start if isinstance(again, str) else again
        case = _drawn_case(start, making, number=number, until=wish.draws, why=why)
    return case, why


def _drawn_case(start: Start, making: _Making, *, number: int, until: int, why: Counter[str]) -> GuidedCase:
    """Draw until a draw is as asked, and write it; count why others were refused."""
    done = sum(why.values())
    wish, dice = making.wish, stream(making.seed, f"guided case {number}{', again' if done else ''}")
    low_s, high_s = max(wish.ttc_s[0], start.low_s), min(wish.ttc_s[1], start.high_s)
    asked_s = float(dice.uniform(low_s, high_s)) if high_s > low_s else low_s
    guidance = wish.guidance(start.other, ttc_s=asked_s)
    case = GuidedCase(
        name=f"guided-{number:04d}", type="guided", asked=asked_s, asked_angle_deg=wish.angle_deg,
        asked_bearing_deg=wish.bearing_deg, source=start.scene.name, ego=start.scene.ego,
        other=str(start.motion.user_id[start.other]),
        budget_nats=wish.budget_nats, users=len(start.motion.user_id), driven_by=making.driving.ego,
    )  # fmt: skip
    nearest_s = math.inf
    expected = making.loop.expecting(start, making.model)
    if isinstance(expected, str):  # before anything is drawn; counts as a draw
        why[expected] += 1
        return case.model_copy(update={"draws": done + 1, "reason": _reason(why, nearest_s, asked_s)})
    start = expected
    while done < until and not making.loop.gives_up(start):
        room = min(HERD, until - done)
        own_seed = int(dice.integers(2**31))
        for drawn in _drawn(start, making, making.loop.guidance(guidance), room, seed=own_seed):
            done += 1
            found = let_happen(making.loop, start, drawn, model=making.model, guidance=guidance, seed=own_seed + done)
            if isinstance(found, Happened):
                kept = _kept(case, start, found, draws=done, told=why)
                _write(kept, start, found, making, seed=own_seed)
                return kept
            why[found[0]] += 1
            if math.isfinite(found[1]) and found[0] == REFUSALS[4]:
                nearest_s = min(nearest_s, found[1], key=lambda one_s: abs(one_s - asked_s))
    return case.model_copy(update={"draws": done, "reason": _reason(why, nearest_s, asked_s)})


def _drawn(start: Start, making: _Making, guidance: Guidance, count: int, *, seed: int) -> list[DrawnScene]:
    from trafficdiff.diffusion.motion_sampler import sample_scenes

    return sample_scenes(
        making.model.members, [start.motion] * count, seed=seed, known=[start.known] * count,
        guidance=[guidance] * count, compete=True,
    )  # fmt: skip


def _kept(case: GuidedCase, start: Start, happened: Happened, *, draws: int, told: Counter[str]) -> GuidedCase:
    import numpy as np

    drawn, found = happened.drawn, happened.found
    begin_s = start.motion.begin_s
    at = min(round((found.time_s - begin_s) * 10), drawn.fine.shape[1] - 1)
    return case.model_copy(update={
        "type": found.type, "valid": True, "achieved": found.ttc_s, "angle_deg": round(found.angle_deg, 1),
        "bearing_deg": round(found.bearing_deg, 1),
        "pet_s": found.pet_s if np.isfinite(found.pet_s) else None, "moment_s": begin_s,
        "parameters": {"ego_kmh": round(3.6 * float(drawn.fine[0, at, 3]), 3)},
        "place": place_of(start, drawn, at=at), "trigger_s": round(found.time_s - begin_s, 3),
        "duration_s": round(0.1 * (drawn.fine.shape[1] - 1), 3), "attempts": draws, "draws": draws,
        "refused": tuple(f"{name}: {told[name]}" for name in ALL_REFUSALS if told[name]), "nats": drawn.spent,
        "log_weight": drawn.log_ratio, "replans": happened.replans, "scene": case.name,
    })  # fmt: skip


def _write(case: GuidedCase, start: Start, happened: Happened, making: _Making, *, seed: int) -> None:
    from trafficdiff.datatypes.driving_scene_files import write_driving_scene

    scene = as_driving_scene(start.scene, happened.drawn, making.model, seed=seed)
    stale = {"type", "title", "asked", "achieved", "parameters", "place", "cleared", "actors", "made_by", "smoothing"}
    told = {name: value for name, value in scene.provenance.items() if name not in stale}
    told |= {
        "made_by": "trafficdiff scene model, guided", "source_scene": case.source,
        "source_made_by": start.scene.provenance.get("made_by", "found in a run"), "kept_s": f"{KEPT_S:g}",
        "opponent": case.other, "asked": f"ttc_s {case.asked:.4g}", "achieved": f"{happened.found.ttc_s:.4g}",
        "type": happened.found.type, "guidance_budget_nats": f"{case.budget_nats:g}", "draw_of_case": str(case.draws),
        **happened.provenance(making.driving),
    }  # fmt: skip
    tags = tuple(dict.fromkeys((*happened.found.tags, *condition_tags(scene.environment))))
    guided = dataclasses.replace(
        scene, name=case.scene, net_file=making.nets[start.scene.net_file.resolve()], tags=tags, provenance=told
    )
    write_driving_scene(guided, making.made / case.scene, copy_net=False)


def _reason(why: Counter[str], nearest_s: float, asked_s: float) -> str:
    """Return why no draw of a case is kept: how often what, and what came nearest."""
    said = ", ".join(f"{name} {why[name]} times" for name in ALL_REFUSALS if why[name])
    return f"{said}; nearest {nearest_s:.3g} instead of {asked_s:.3g} s" if math.isfinite(nearest_s) else said


def _refuse_nothing(cases: list[GuidedCase], refused: Counter[str]) -> None:
    if not any(case.valid for case in cases):
        said = ", ".join(f"{name} {number} times" for name, number in refused.most_common())
        raise InputError(
            f"expected scenes that are as critical as asked, got none of {sum(refused.values())} draws: {said}. Allow "
            "a larger budget or more draws, or ask for another time to collision"
        )
