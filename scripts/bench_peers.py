"""Measure how fast trips are drawn beside DiffTraj, and how much of the processor the denoiser uses.

    python scripts/bench_peers.py [--network NET] [--trips 20000] [--rounds 5] [--peer-steps 3]

Both on one thread of this processor, in CPU seconds, in rounds that take turns; medians and, in brackets, the least
and the most of all rounds. DiffTraj is its published architecture with random weights (`scripts/peer_difftraj.py`):
timing only. As published: 100 steps, each two evaluations of its network, 200 points. Ours as used: the shipped model,
shortest paths included or not. Matched: the same number of steps, of evaluations, and guidance in both. A few of
DiffTraj's steps are timed and multiplied, since all cost the same; `--peer-steps 100` takes all of them.

Goals: 1,000 times as published, 100 times at matched steps, half of the matrix peak. The peak is that of a product of
two square matrices (`torch.mm`, float32) in the same rounds; it and the denoiser are the least of some runs in each.
Some processors have a faster product in oneDNN, which torch takes for convolutions but not for linear layers, so that
one is printed as well.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np  # noqa: E402 - libraries of matrices read the number of threads when they are loaded
import torch  # noqa: E402

from scripts.peer_difftraj import DiffTraj, Shapes  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WINDOW_S = (25_200.0, 28_800.0)
AS_PUBLISHED, MATCHED, PEAK_SHARE = 1_000.0, 100.0, 0.5
PEER_BATCHES = (4, 16, 64)
OUR_SETS = (4, 16, 64)
SEED = 1


class Round(NamedTuple):
    """What one round measured: trips (or trajectories) a CPU second, and GFLOP/s."""

    peer: float
    places: float
    routed: float
    peer_matched: float
    ours_matched: float
    peak: float
    one_dnn: float
    denoiser: float
    deciding: float
    peer_flops: float


def seconds(work: Callable[[], Any]) -> float:
    """Return the CPU seconds of this process that some work takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def best_s(work: Callable[[], Any], *, times: int = 10) -> float:
    """Return the least CPU seconds that some work takes, of some times after a first one."""
    work()
    return min(seconds(work) for _ in range(times))


def flops(work: Callable[[], Any]) -> float:
    """Return the floating-point operations of all products in some work, attention on the processor included."""
    from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

    def attention(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
        return int(sdpa_flop_count(query, key, value))

    fused = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    with FlopCounterMode(display=False, custom_mapping={fused: attention}) as counter:
        work()
    return float(counter.get_total_flops())


class Peer:
    """DiffTraj with random weights at the batch that suits it best."""

    def __init__(self, steps: int, shapes: Shapes | None = None) -> None:
        self.model = DiffTraj(shapes).eval()
        self.dice = torch.Generator().manual_seed(SEED)
        self.timed = min(steps, self.model.shapes.steps)
        self.batch = min(PEER_BATCHES, key=lambda batch: self.step_s(batch, most=1))
        self.flops = flops(lambda: self.model.draw(1, self.dice, most=1))

    def step_s(self, batch: int, *, most: int) -> float:
        """Return the CPU seconds of one step of one trajectory."""
        self.model.draw(1, self.dice, most=1)
        return seconds(lambda: self.model.draw(batch, self.dice, most=most)) / batch / most


class Ours:
    """The shipped model on a network, as it is used and made to ask its network at every step."""

    def __init__(self, network: str, trips: int) -> None:
        from trafficdiff.roads.load import load_network
        from trafficdiff.workflows.model_trips import city_of, open_checkpoint

        self.graph = load_network(network)
        self.city, self.checkpoint, self.trips = city_of(self.graph), open_checkpoint(), trips
        self.sets = min(OUR_SETS, key=lambda sets: self.evaluation_s(sets, deciding=True))
        self.flops = {
            deciding: flops(self.evaluation(self.sets, deciding=deciding)) / self.sets / 64
            for deciding in (False, True)
        }

    def draw(self, count: int, **settings: Any) -> tuple[float, float]:
        """Return CPU seconds of drawing places, and of routing."""
        from trafficdiff.datatypes.scenario import RouteChoice
        from trafficdiff.demand.fleet import assign_fleet
        from trafficdiff.demand.router import route
        from trafficdiff.diffusion.requests import SamplerSettings
        from trafficdiff.workflows.model_demand import Travellers, draw_agents

        random = np.random.default_rng(SEED)
        fleet = assign_fleet(count, vehicle_mix={"car": 1.0}, electric_share=0.0, generator=random)
        who = Travellers(np.linspace(*WINDOW_S, count, endpoint=False).round(2), fleet, WINDOW_S)
        agents: list[Any] = []
        drawing_s = seconds(
            lambda: agents.append(
                draw_agents(self.city, self.checkpoint, who, generator=random, settings=SamplerSettings(**settings))
            )
        )
        return drawing_s, seconds(lambda: route(agents[0], choice=RouteChoice(), generator=random))

    def evaluation(self, sets: int, *, deciding: bool) -> Callable[[], Any]:
        """Return one evaluation of the denoiser for sets of 64 trips.

        As used it says which zone trips pass; `deciding` has it say where they begin and end, as for given trips.
        """
        from trafficdiff.diffusion.batch import conditions_of
        from trafficdiff.diffusion.day import MOMENTS
        from trafficdiff.diffusion.inputs import place_of
        from trafficdiff.diffusion.noise import DESTINATION, ORIGIN, VIA
        from trafficdiff.diffusion.sampler import encode

        scene, model = self.city.scene, self.checkpoint.members[0].eval()
        network, dice = model.denoiser, torch.Generator().manual_seed(SEED)
        with torch.inference_mode():
            zones = encode(model, place_of(scene, self.checkpoint.scaling), conditions_of(scene))
        slots = torch.randint(len(scene), (1, sets, 64, 4), generator=dice)
        slots[..., 2:] = torch.tensor([-1, 8])
        hidden = torch.rand(slots[..., :2].shape, generator=dice) < (0.5 if deciding else 0.0)
        slots[..., :2] = slots[..., :2].masked_fill(hidden, -1)
        others = (slots[:, :, :0], torch.zeros(1, sets, MOMENTS), torch.full((1, sets), 0.5))
        kinds = torch.zeros(1, sets, 64, dtype=torch.long)

        @torch.inference_mode()
        def evaluate() -> list[torch.Tensor]:
            counted, day, now = others
            tokens = network(zones, slots, kinds, now, day)
            asked = (ORIGIN, DESTINATION) if deciding else (VIA,)
            return [network.slot_logits(zones, slots, tokens, slot, counted=counted, day=day) for slot in asked]

        return evaluate

    def evaluation_s(self, sets: int, *, deciding: bool) -> float:
        """Return the CPU seconds of one evaluation of one trip, the least of some, as of the peak."""
        work = self.evaluation(sets, deciding=deciding)
        return best_s(work, times=max(5, 256 // sets)) / sets / 64


def peaks(size: int = 1_024) -> tuple[float, float]:
    """Return GFLOP/s of the product of two square matrices by `torch.mm`, and by oneDNN."""
    one, two = torch.randn(size, size), torch.randn(size, size)
    other = torch.ops.mkldnn._linear_pointwise

    with torch.inference_mode():
        seconds_of = [best_s(lambda: torch.mm(one, two)), best_s(lambda: other(one, two, None, "none", [], ""))]
    return 2 * size**3 / seconds_of[0] / 1e9, 2 * size**3 / seconds_of[1] / 1e9


def measure(peer: Peer, ours: Ours, *, matched_trips: int) -> Round:
    """Measure everything once, one after the other."""
    guided = peer.model.shapes.guidance + 1
    step_s = peer.step_s(peer.batch, most=peer.timed)
    steps = peer.model.shapes.steps
    drawing_s, routing_s = ours.draw(ours.trips, sets=ours.sets)
    matched_s, _ = ours.draw(
        matched_trips, steps=steps, prior_share=0.0, guidance=guided, views=1, hidden_columns=0.0, sets=ours.sets
    )
    peak, one_dnn = peaks()
    return Round(
        peer=1 / (steps * step_s),
        places=ours.trips / drawing_s,
        routed=ours.trips / (drawing_s + routing_s),
        peer_matched=1 / (steps * peer.step_s(peer.batch, most=peer.timed)),
        ours_matched=matched_trips / matched_s,
        peak=peak,
        one_dnn=one_dnn,
        denoiser=ours.flops[False] / ours.evaluation_s(ours.sets, deciding=False) / 1e9,
        deciding=ours.flops[True] / ours.evaluation_s(ours.sets, deciding=True) / 1e9,
        peer_flops=peer.flops / step_s / 1e9,
    )


def said(values: Sequence[float], digits: int = 0) -> str:
    """Return a median with the least and the most."""
    middle, low, high = np.median(values), min(values), max(values)
    return f"{middle:,.{digits}f} [{low:,.{digits}f}, {high:,.{digits}f}]"


def verdict(values: Sequence[float], goal: float) -> str:
    """Return whether the median reaches a goal."""
    return f"goal {goal:,g}: {'ok' if np.median(values) >= goal else 'MISSED'}"


def lines(rounds: Sequence[Round]) -> list[str]:
    """Return the table; ratios are taken round by round."""
    found = {field: np.array([getattr(one, field) for one in rounds]) for field in Round._fields}
    places, routed = found["places"] / found["peer"], found["routed"] / found["peer"]
    matched = found["ours_matched"] / found["peer_matched"]
    share, deciding = found["denoiser"] / found["peak"], found["deciding"] / found["peak"]
    rows: list[tuple[str, str, str, str]] = [
        ("trips / s / core", "", "over DiffTraj", ""),
        ("  DiffTraj as published", said(found["peer"], 3), "", ""),
        ("  ours, places", said(found["places"]), said(places), ""),
        ("  ours, places and routes", said(found["routed"]), said(routed), verdict(routed, AS_PUBLISHED)),
        ("  ours, 100 steps x 2 evaluations", said(found["ours_matched"], 1), said(matched), verdict(matched, MATCHED)),
        ("GFLOP/s", "", "over matrix peak", ""),
        ("  product of two matrices", said(found["peak"], 1), "", ""),
        ("  the same by oneDNN", said(found["one_dnn"], 1), said(found["one_dnn"] / found["peak"], 2), ""),
        ("  denoiser, as used", said(found["denoiser"], 1), said(share, 2), verdict(share, PEAK_SHARE)),
        ("  denoiser, deciding on zones", said(found["deciding"], 1), said(deciding, 2), ""),
        ("  DiffTraj", said(found["peer_flops"], 1), said(found["peer_flops"] / found["peak"], 2), ""),
    ]
    return ["{:34s}{:26s}{:26s}{}".format(*row).rstrip() for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="helsinki", help="bundled network, folder or net file")
    parser.add_argument("--trips", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--matched-trips", type=int, default=1_024, help="trips that are drawn at matched steps")
    parser.add_argument("--peer-steps", type=int, default=3, help="steps of DiffTraj that are timed, of its 100")
    options = parser.parse_args()
    torch.set_num_threads(1)
    peer = Peer(steps=options.peer_steps)
    ours = Ours(options.network, options.trips)
    millions = [
        sum(part.numel() for part in one.parameters()) / 1e6 for one in (peer.model, ours.checkpoint.members[0])
    ]
    print(f"{options.network}: {ours.graph.edge_count} edges, {len(ours.city.scene)} zones; {options.trips} trips")
    print(f"DiffTraj: {millions[0]:.1f} M parameters, {peer.flops / 1e9:.2f} GFLOP a step, {peer.batch} at once")
    asked = f"{ours.flops[False] / 1e6:.2f} MFLOP an evaluation, {ours.sets} sets of 64 at once"
    print(f"ours: {millions[1]:.1f} M parameters, {asked}")
    print("\n".join(lines([measure(peer, ours, matched_trips=options.matched_trips) for _ in range(options.rounds)])))


if __name__ == "__main__":
    main()
