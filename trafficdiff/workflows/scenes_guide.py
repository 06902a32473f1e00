"""Go on from the first second of AV scenes, led to a time to collision by the scene model; keep what is as asked.

::

    AV scenes ─▶ first second, opponent, bounds ─▶ draws led within a budget ─▶ judged ─┬─ as asked ─▶ scene
                                                        ▲ the next ones ───────────────┘ not
"""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from trafficdiff.datatypes.guided_case import KEPT_S, GuidedCase
from trafficdiff.errors import Faults, InputError, TrafficdiffError
from trafficdiff.publish import publishing, real_path, refuse_taken
from trafficdiff.scenarios.edge_case_conditions import condition_tags
from trafficdiff.workflows.motion_drawing import as_driving_scene, scene_model
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import stream
from trafficdiff.workflows.scenes_guide_files import place_of, shared_nets, write_cases
from trafficdiff.workflows.scenes_guide_judging import REFUSALS, Achieved, judge_drawn
from trafficdiff.workflows.scenes_guide_starts import opened_starts

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.diffusion.motion_checkpoint import MotionCheckpoint
    from trafficdiff.diffusion.motion_guidance import Guidance
    from trafficdiff.diffusion.motion_sampler import DrawnScene
    from trafficdiff.workflows.progress import Progress
    from trafficdiff.workflows.scenes_guide_starts import Start

__all__ = ["GuidedScenes", "Wish", "guide_scenes"]

KIND: Final = "staged scenes"
_MOST: Final = 10_000
_MOST_DRAWS: Final = 4_096
_AT_ONCE: Final = 16
"""Draws of one case that are made together."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Say what is asked of guided scenes.

    Parameters
    ----------
    ttc_s
        Lowest and highest time to collision of ego and opponent; each case's is drawn evenly between [s].
    angle_deg
        Heading of the opponent against the ego's when they are closest; None for any [degrees].
    opponent
        User id of who is led; None for the likeliest of each scene.
    budget_nats
        How far a scene may be led away from what the model alone would draw [nat].
    draws
        Most draws a case.
    keep_others
        Whether all but ego and opponent go on as they were recorded; else the model draws everybody.
    """

    ttc_s: tuple[float, float] = (1.0, 1.0)
    angle_deg: float | None = None
    opponent: str | None = None
    budget_nats: float = 40.0
    draws: int = 64
    keep_others: bool = False


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
    checkpoint: Path | None = None,
    progress: Progress = quiet,
) -> GuidedScenes:
    """Make guided scenes and publish them in one directory, whole or not at all.

    Parameters
    ----------
    scenes
        A folder of AV scenes, found or made, or one of them.
    directory
        The directory to make: a scene a folder, ``scenes.csv`` and ``scenes.json``, the nets.

    Other Parameters
    ----------------
    count, seed
        Cases, which take the scenes in turn, and of everything random.
    wish
        What is asked of them.
    checkpoint
        The scene model; the shipped one if None.
    progress
        Receives stages and shares.

    Raises
    ------
    InputError
        Naming all that cannot be used, before any work; or if no case came out as asked.
    """
    started = time.process_time()
    wish = wish or Wish()
    _check(wish, count=count, seed=seed, directory=directory)
    model = scene_model(checkpoint)
    starts, skipped = opened_starts(
        scenes, opponent=wish.opponent, asked_s=wish.ttc_s, keep_others=wish.keep_others, progress=progress
    )
    cases: list[GuidedCase] = []
    refused: Counter[str] = Counter()
    with publishing(directory, kind=KIND) as made:
        nets = shared_nets([start.scene.net_file for start in starts], made)
        for number in range(count):
            progress("drawing guided scenes", number / count)
            start = starts[number % len(starts)]
            case, why = _case(start, model, wish, number=number, seed=seed, made=made, nets=nets)
            cases.append(case)
            refused.update(why)
        _refuse_nothing(cases, refused)
        write_cases(made, cases, provenance={
            "made_by": "trafficdiff scene model, guided", "scene_model_sha256": model.sha256, "seed": str(seed),
            "wish": json.dumps(dataclasses.asdict(wish), sort_keys=True),
            "skipped": json.dumps(skipped, sort_keys=True),
            "drawn": str(sum(case.draws for case in cases)), "refused": json.dumps(dict(refused), sort_keys=True),
        })  # fmt: skip
    return GuidedScenes(
        directory, tuple(cases), sum(case.draws for case in cases), dict(refused), skipped, model.sha256,
        time.process_time() - started,
    )  # fmt: skip


def _check(wish: Wish, *, count: int, seed: int, directory: Path) -> None:
    """Raise with every fault of what is asked."""
    faults = Faults("scenes make guided")
    if not 1 <= count <= _MOST:
        faults.add(f"expected a count from 1 to {_MOST:,}, got {count}")
    if not 0 <= seed < 2**31:
        faults.add(f"expected a seed from 0 to {2**31 - 1:,}, got {seed}")
    if not 1 <= wish.draws <= _MOST_DRAWS:
        faults.add(f"expected 1 to {_MOST_DRAWS:,} draws a case, got {wish.draws}")
    if wish.ttc_s[0] > wish.ttc_s[1]:
        faults.add(f"expected times to collision that rise, got {wish.ttc_s[0]:g} to {wish.ttc_s[1]:g}")
    for ttc_s in sorted(set(wish.ttc_s)):
        _collect(faults, lambda ttc_s=ttc_s: _guidance(wish, 1, ttc_s=ttc_s))
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


def _guidance(wish: Wish, other: int, *, ttc_s: float) -> Guidance:
    from trafficdiff.diffusion.motion_guidance import Guidance

    return Guidance(other=other, ttc_s=ttc_s, angle_deg=wish.angle_deg, budget_nats=wish.budget_nats, on_course=True)


def _case(
    start: Start,
    model: MotionCheckpoint,
    wish: Wish,
    *,
    number: int,
    seed: int,
    made: Path,
    nets: dict[Path, Path],
) -> tuple[GuidedCase, Counter[str]]:
    """Draw for one case until a draw is as asked; write it. Return the case, and why draws were refused."""
    dice = stream(seed, f"guided case {number}")
    low_s, high_s = max(wish.ttc_s[0], start.low_s), min(wish.ttc_s[1], start.high_s)
    asked_s = float(dice.uniform(low_s, high_s)) if high_s > low_s else low_s
    guidance = _guidance(wish, start.other, ttc_s=asked_s)
    case = GuidedCase(
        name=f"guided-{number:04d}", type="guided", asked=asked_s, asked_angle_deg=wish.angle_deg,
        source=start.scene.name, ego=start.scene.ego, other=str(start.motion.user_id[start.other]),
        budget_nats=wish.budget_nats, users=len(start.motion.user_id),
    )  # fmt: skip
    why: Counter[str] = Counter()
    nearest_s = math.inf
    done = 0
    while done < wish.draws:
        room = min(_AT_ONCE, wish.draws - done)
        own_seed = int(dice.integers(2**31))
        for drawn in _drawn(start, model, guidance, room, seed=own_seed):
            done += 1
            found = judge_drawn(start, drawn, ttc_s=asked_s, angle_deg=wish.angle_deg)
            if isinstance(found, Achieved):
                kept = _kept(case, start, drawn, found, draws=done, told=why)
                _write(kept, start, drawn, found, model=model, seed=own_seed, made=made, nets=nets)
                return kept, why
            why[found[0]] += 1
            if found[0] == REFUSALS[4]:
                nearest_s = min(nearest_s, found[1], key=lambda one_s: abs(one_s - asked_s))
    return case.model_copy(update={"draws": done, "reason": _reason(why, nearest_s, asked_s)}), why


def _drawn(start: Start, model: MotionCheckpoint, guidance: Guidance, count: int, *, seed: int) -> list[DrawnScene]:
    from trafficdiff.diffusion.motion_sampler import sample_scenes

    return sample_scenes(
        model.members, [start.motion] * count, seed=seed, known=[start.known] * count, guidance=[guidance] * count
    )


def _kept(
    case: GuidedCase, start: Start, drawn: DrawnScene, found: Achieved, *, draws: int, told: Counter[str]
) -> GuidedCase:
    import numpy as np

    begin_s = start.motion.begin_s
    at = min(round((found.time_s - begin_s) * 10), drawn.fine.shape[1] - 1)
    return case.model_copy(update={
        "type": found.type, "valid": True, "achieved": found.ttc_s, "angle_deg": round(found.angle_deg, 1),
        "pet_s": found.pet_s if np.isfinite(found.pet_s) else None, "moment_s": begin_s,
        "parameters": {"ego_kmh": round(3.6 * float(drawn.fine[0, at, 3]), 3)},
        "place": place_of(start, drawn, at=at), "trigger_s": round(found.time_s - begin_s, 3),
        "duration_s": round(0.1 * (drawn.fine.shape[1] - 1), 3), "attempts": draws, "draws": draws,
        "refused": tuple(f"{name}: {told[name]}" for name in REFUSALS if told[name]), "nats": drawn.spent,
        "log_weight": drawn.log_ratio, "scene": case.name,
    })  # fmt: skip


def _write(
    case: GuidedCase,
    start: Start,
    drawn: DrawnScene,
    found: Achieved,
    *,
    model: MotionCheckpoint,
    seed: int,
    made: Path,
    nets: dict[Path, Path],
) -> None:
    from trafficdiff.datatypes.driving_scene_files import write_driving_scene

    scene = as_driving_scene(start.scene, drawn, model, seed=seed)
    stale = {"type", "title", "asked", "achieved", "parameters", "place", "cleared", "actors", "made_by", "smoothing"}
    told = {name: value for name, value in scene.provenance.items() if name not in stale}
    told |= {
        "made_by": "trafficdiff scene model, guided", "source_scene": case.source,
        "source_made_by": start.scene.provenance.get("made_by", "found in a run"), "kept_s": f"{KEPT_S:g}",
        "opponent": case.other, "asked": f"ttc_s {case.asked:.4g}", "achieved": f"{found.ttc_s:.4g}",
        "type": found.type, "guidance_budget_nats": f"{case.budget_nats:g}", "draw_of_case": str(case.draws),
    }  # fmt: skip
    tags = tuple(dict.fromkeys((*found.tags, *condition_tags(scene.environment))))
    guided = dataclasses.replace(
        scene, name=case.scene, net_file=nets[start.scene.net_file.resolve()], tags=tags, provenance=told
    )
    write_driving_scene(guided, made / case.scene, copy_net=False)


def _reason(why: Counter[str], nearest_s: float, asked_s: float) -> str:
    """Return why no draw of a case is kept: how often what, and what came nearest."""
    said = ", ".join(f"{name} {why[name]} times" for name in REFUSALS if why[name])
    return f"{said}; nearest {nearest_s:.3g} instead of {asked_s:.3g} s" if math.isfinite(nearest_s) else said


def _refuse_nothing(cases: list[GuidedCase], refused: Counter[str]) -> None:
    if not any(case.valid for case in cases):
        said = ", ".join(f"{name} {number} times" for name, number in refused.most_common())
        raise InputError(
            f"expected scenes that are as critical as asked, got none of {sum(refused.values())} draws: {said}. Allow "
            "a larger budget or more draws, or ask for another time to collision"
        )
