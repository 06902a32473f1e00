"""Measure how fast scenes are drawn beside VBD, and how much of the processor the scene model uses.

    python scripts/bench_scene_peers.py CORPUS... [--scenes 30] [--rounds 5] [--peer-steps 3] [-o figures.json]

CORPUS are folders of motion scenes (`trafficdiff scenes corpus`). Both models on one thread of this processor, in CPU
seconds, in rounds that take turns; medians and, in brackets, the least and the most of all rounds. VBD is its published
architecture with random weights (`scripts/peer_vbd.py`): timing only, one scene at a time, and without the reading of
its inputs, which ours includes. A few of its steps are timed and multiplied, since all cost the same; `--peer-steps 50`
takes all of them.

Two sizes: 32 users, the published number (each scene is filled up with users of others), and scenes as they are.

Goal: 100 times as published. At matched steps both take 16, or both 50. `nothing twice` is VBD with the same results,
but with the products that its published form repeats taken once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np  # noqa: E402 - libraries of matrices read the number of threads when they are loaded
import torch  # noqa: E402

from scripts.bench_peers import flops, peaks, said, seconds, verdict  # noqa: E402
from scripts.peer_vbd import VBD, Scene, parameters  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scripts.peer_vbd import Seen
    from trafficdiff.datatypes.motion_scene import MotionScene
    from trafficdiff.diffusion.motion_network import MotionModel

GOAL: Final = 100.0
USERS: Final = 32
STEPS: Final = 16
"""What the shipped sampler takes."""
TTC_S, BUDGET_NATS = 1.0, 20.0
TOGETHER: Final = (1, 4, 32)
SEED: Final = 1
ROWS: Final = {
    "peer": "VBD as published: 50 steps", "peer_once": "VBD, 50 steps, nothing twice",
    "peer_matched": "VBD, 16 steps", "ours": "ours as shipped: 16 steps", "guided": "ours guided: 20 nat",
    "ours_matched": "ours, 50 steps", "rolling": "roll-out alone, every 0.1 s",
}  # fmt: skip
RATIOS: Final = {
    "ours": "peer", "guided": "peer", "ours_matched": "peer", "rolling": "peer", "peer_once": "peer",
    "peer_matched": "peer",
}  # fmt: skip
MATCHED: Final = (
    ("ours, 16 steps, over VBD, 16 steps", "ours", "peer_matched"),
    ("ours over VBD, 50 steps each", "ours_matched", "peer"),
    ("ours as shipped over VBD, nothing twice", "ours", "peer_once"),
    ("ours over VBD, nothing twice, 50 steps each", "ours_matched", "peer_once"),
)


def filled_up(scenes: Sequence[MotionScene], *, users: int = USERS) -> list[MotionScene]:
    """Return each scene with users of the following ones, 100 m aside each, until there are so many or more."""
    made = []
    for place, scene in enumerate(scenes):
        whole, aside = scene, 0
        while len(whole.user_id) < users:
            aside += 1
            whole = _joined(whole, scenes[(place + aside) % len(scenes)], aside_m=100.0 * aside, users=users)
        made.append(whole)
    return made


def _joined(scene: MotionScene, other: MotionScene, *, aside_m: float, users: int) -> MotionScene:
    most = min(len(other.user_id), users - len(scene.user_id))
    away = np.array([0.0, aside_m], np.float32)
    state = other.state[:most].copy()
    state[..., :2] += away * other.valid[:most, :, None]
    path = other.path[:most] + away * other.path_valid[:most, :, None]
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(scene, name), getattr(other, name)[:most]])
        for name in ("user_class", "kind", "size", "valid", "path_valid", "path_limit", "stop_m", "path_signal")
    }
    return replace(
        scene, **columns, state=np.concatenate([scene.state, state]), path=np.concatenate([scene.path, path]),
        user_id=np.array([f"user {number}" for number in range(len(columns["kind"]))], object), controls=None,
        drivable=None,
    )  # fmt: skip


def as_peer_scene(scene: MotionScene, model: VBD) -> Scene:
    """Return a scene as VBD reads it: its lines with 30 points each, over and over until there are 256."""
    shapes, start = model.shapes, torch.from_numpy(scene.start.copy())
    speeds = start[:, 3:] * torch.stack([start[:, 2].cos(), start[:, 2].sin()], dim=-1)
    size = torch.from_numpy(scene.size.copy())
    users = torch.cat([start[:, :3], speeds, size, torch.full((len(start), 1), 1.5)], dim=-1)
    xy = torch.from_numpy(scene.lines.copy()) if len(scene.lines) else torch.zeros(1, 2, 2)
    points = torch.nn.functional.interpolate(xy.mT, size=shapes.line_points, mode="linear", align_corners=True).mT
    along = torch.diff(points, dim=1, append=2 * points[:, -1:] - points[:, -2:-1])
    lines = torch.cat([points, torch.atan2(along[..., 1:], along[..., :1])], dim=-1)
    lines = lines[torch.arange(shapes.lines) % len(lines)]
    signals = torch.cat([lines[: shapes.signals, 0, :2], torch.ones(shapes.signals, 1)], dim=-1)
    what = torch.ones(shapes.lines, 2, dtype=torch.long)
    return Scene(users, torch.ones(len(users), dtype=torch.long), lines, what, signals)


class Peer:
    """VBD with random weights, for as many users together as suits it best."""

    def __init__(self, scenes: Sequence[MotionScene], *, some: int, timed: int) -> None:
        torch.manual_seed(SEED)
        self.model = VBD().eval()
        chosen = np.linspace(0, len(scenes) - 1, min(some, len(scenes))).round().astype(int)
        self.scenes = [as_peer_scene(scenes[place], self.model) for place in chosen]
        self.timed = min(timed, self.model.shapes.steps)
        with torch.inference_mode():
            seen: list[Seen] = []
            self.encoder_flops = flops(lambda: seen.extend(map(self.model.encoder, self.scenes))) / len(chosen)
        self.flops = float(
            np.mean([flops(lambda one=one: self._steps(*one, together=1, most=1)) for one in self._pairs(seen)])
        )
        self.together = min(
            TOGETHER, key=lambda users: seconds(lambda: self._steps(self.scenes[0], seen[0], together=users))
        )

    def cost_s(self) -> tuple[float, float, float, float]:
        """Return CPU seconds a scene: of the encoder, a step, what is projected once, and a step without it."""
        seen: list[Seen] = []
        with torch.inference_mode():
            encoding_s = seconds(lambda: seen.extend(map(self.model.encoder, self.scenes)))
        costs = np.array([encoding_s, 0.0, 0.0, 0.0])
        for scene, one in self._pairs(seen):
            step_s = seconds(lambda scene=scene, one=one: self._steps(scene, one, self.together)) / self.timed
            first_s = seconds(lambda scene=scene, one=one: self._steps(scene, one, 0, most=1))
            later_s = seconds(lambda scene=scene, one=one: self._steps(scene, one, 0)) / self.timed
            costs[1:] += np.array([step_s, max(first_s - later_s, 0.0), later_s])
        return tuple(float(cost) / len(self.scenes) for cost in costs)  # type: ignore[return-value]

    def _pairs(self, seen: list[Seen]) -> list[tuple[Scene, Seen]]:
        return list(zip(self.scenes, seen, strict=True))

    def _steps(self, scene: Scene, seen: Seen, together: int, most: int | None = None) -> None:
        self.model.draw(scene, _dice(), together=together, most=most or self.timed, seen=seen)


class Ours:
    """The shipped model, or another, as it is used."""

    def __init__(self, scenes: Sequence[MotionScene], *, checkpoint: Path | None) -> None:
        from trafficdiff.diffusion.motion_inputs import batched, prepare
        from trafficdiff.workflows.motion_drawing import scene_model

        self.scenes = list(scenes)
        self.members: Sequence[MotionModel] = scene_model(checkpoint).members
        lines = self.members[0].settings.lines
        self.batch = batched([prepare(scene, lines=lines) for scene in self.scenes])
        self.draw_s(steps=2)
        self.flops = flops(lambda: self._draw(steps=STEPS))

    def draw_s(self, *, steps: int = STEPS, guided: bool = False) -> float:
        """Return CPU seconds of drawing all scenes."""
        return seconds(lambda: self._draw(steps=steps, guided=guided))

    def _draw(self, *, steps: int, guided: bool = False) -> None:
        from trafficdiff.diffusion.motion_guidance import Guidance
        from trafficdiff.diffusion.motion_sampler import sample_scenes

        asked = Guidance(other=1, ttc_s=TTC_S, budget_nats=BUDGET_NATS) if guided else None
        sample_scenes(self.members, self.scenes, seed=SEED, steps=steps, guidance=asked)

    @torch.inference_mode()
    def roll_s(self) -> float:
        """Return CPU seconds of rolling all controls out, which nothing that draws scenes can leave out."""
        from trafficdiff.diffusion.motion_rolling import roll_out_finely

        batch = self.batch
        return seconds(lambda: roll_out_finely(batch.start, batch.controls, batch.limits, moves=batch.moves))


def _dice() -> torch.Generator:
    return torch.Generator().manual_seed(SEED)


def measure(peer: Peer, ours: Ours) -> dict[str, float]:
    """Return scenes a CPU second of each row, and GFLOP/s."""
    count, published = len(ours.scenes), peer.model.shapes.steps
    ours_s = ours.draw_s()
    encoding_s, step_s, once_s, later_s = peer.cost_s()
    return {
        "peer": 1 / (encoding_s + published * step_s),
        "peer_once": 1 / (encoding_s + once_s + published * later_s),
        "peer_matched": 1 / (encoding_s + STEPS * step_s),
        "ours": count / ours_s,
        "guided": count / ours.draw_s(guided=True),
        "ours_matched": count / ours.draw_s(steps=published),
        "rolling": count / ours.roll_s(),
        "peak_gflops": peaks()[0],
        "ours_gflops": ours.flops / ours_s / 1e9,
        "peer_gflops": peer.flops / step_s / 1e9,
    }


def lines(rounds: Sequence[dict[str, float]], *, users: float, goal: bool) -> list[str]:
    """Return the table of one size; ratios are taken round by round."""
    found = {name: np.array([one[name] for one in rounds]) for name in rounds[0]}
    told = [("", "scenes / s / core", "users / s / core", "over VBD as published", "")]
    for name, words in ROWS.items():
        ratio = found[name] / found["peer"]
        judged = verdict(ratio, GOAL) if goal and name in ("ours", "guided") else ""
        digits = 3 if name.startswith("peer") else 1
        told.append((words, said(found[name], digits), said(found[name] * users, 2), said(ratio, 1), judged))
    told += [(words, "", "", said(found[over] / found[under], 1), "") for words, over, under in MATCHED]
    told.append(("GFLOP/s", "", "", "over matrix peak", ""))
    for name, words in (("peak", "product of two matrices"), ("ours", "ours, products alone"), ("peer", "VBD")):
        value = found[f"{name}_gflops"]
        told.append((words, said(value, 1), "", said(value / found["peak_gflops"], 2), ""))
    return ["{:44s}{:28s}{:28s}{:28s}{}".format(*row).rstrip() for row in told]


def summary(rounds: Sequence[dict[str, float]], *, users: float) -> dict[str, Any]:
    """Return medians and extremes of one size, for a file."""
    found = {name: np.array([one[name] for one in rounds]) for name in rounds[0]}
    found |= {f"{name}_over_{base}": found[name] / found[base] for name, base in RATIOS.items()}
    found |= {f"{over}_over_{under}": found[over] / found[under] for _, over, under in MATCHED}
    return {"users": users, "rounds": len(rounds)} | {
        name: {"median": float(np.median(value)), "least": float(value.min()), "most": float(value.max())}
        for name, value in found.items()
    }


def read_scenes(folders: Sequence[Path], count: int) -> list[MotionScene]:
    """Return scenes of two users and more, evenly chosen from all folders."""
    from trafficdiff.datatypes.motion_files import read_motion_scenes

    found = [scene for folder in folders for scene in read_motion_scenes(folder) if len(scene.user_id) > 1]
    if not found:
        raise SystemExit("expected scenes of two users and more, got none; give folders of `trafficdiff scenes corpus`")
    return [found[place] for place in np.linspace(0, len(found) - 1, min(count, len(found))).round().astype(int)]


def main() -> None:
    """Print the tables, and write the figures if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="+", type=Path)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--scenes", type=int, default=30)
    parser.add_argument("--users", type=int, default=USERS, help="users a scene is filled up to, of 32 published")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer-steps", type=int, default=3, help="steps of VBD that are timed, of its 50")
    parser.add_argument("--peer-scenes", type=int, default=2, help="scenes that VBD draws a round")
    parser.add_argument("-o", "--output", type=Path, help="JSON file of the figures")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    natural = read_scenes(asked.corpora, asked.scenes)
    figures: dict[str, Any] = {"format": "trafficdiff scene speed 1", "scenes": len(natural)}
    for size, scenes in ((f"users_{asked.users}", filled_up(natural, users=asked.users)), ("as_they_are", natural)):
        users = float(np.mean([len(scene.user_id) for scene in scenes]))
        peer = Peer(scenes, some=asked.peer_scenes, timed=asked.peer_steps)
        ours = Ours(scenes, checkpoint=asked.checkpoint)
        millions = [parameters(one) / 1e6 for one in (peer.model, ours.members[0])]
        print(f"{len(scenes)} scenes, {users:.1f} users on average")
        print(f"VBD: {millions[0]:.1f} M parameters, {peer.flops / 1e9:.1f} GFLOP a step", end=", ")
        print(f"{peer.encoder_flops / 1e9:.0f} GFLOP of its encoder, {peer.together} users together")
        print(f"ours: {millions[1]:.2f} M parameters, {ours.flops / len(scenes) / 1e9:.3f} GFLOP a scene")
        rounds = [measure(peer, ours) for _ in range(asked.rounds)]
        print("\n".join(lines(rounds, users=users, goal=size != "as_they_are")) + "\n")
        figures[size] = summary(rounds, users=users) | {"parameters_m": {"peer": millions[0], "ours": millions[1]}}
    if asked.output is not None:
        asked.output.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
