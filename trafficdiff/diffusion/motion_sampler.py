"""Draw what road users do next: noise is taken away step by step, from all users of a scene together.

Steps are Gaussian draws (`trafficdiff.diffusion.motion_noise.transition`). Guidance moves their means; how far a scene
was led away from what the model alone would do is then known exactly, as the logarithm of the ratio of both densities
along the way that was drawn (the change of measure of Girsanov, in discrete time)::

    log p / q  =  - sum over steps of (shift . e / s + |shift|^2 / 2 s^2)        e: the step's standard normal draw

``exp(log_ratio)`` is the importance weight of a guided scene, and ``spent`` (the sum of ``|shift|^2 / 2 s^2``) is what
guidance cost, in nat. A draw can also be *watched*: nothing is moved, and ``log_ratio`` is that of the same way under
the guidance that watches (``e`` then being ``e - shift / s``). So scenes can be weighed against any mixture of the two.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from trafficdiff.datatypes.motion_scene import FINE, STEPS, MotionScene
from trafficdiff.diffusion.devices import threads
from trafficdiff.diffusion.motion_herd import Herd
from trafficdiff.diffusion.motion_inputs import SceneBatch, batched, prepare
from trafficdiff.diffusion.motion_noise import LARGEST, levels, transition
from trafficdiff.diffusion.motion_rolling import roll_out_finely
from trafficdiff.diffusion.motion_views import rolled_out
from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from trafficdiff.diffusion.motion_guidance import Guidance, Leader
    from trafficdiff.diffusion.motion_network import Encoded, MotionModel

__all__ = ["DrawnScene", "sample_scenes"]

_STEPS: Final = 16
_USERS: Final = 320
"""Road users that are drawn at once."""


@dataclass(frozen=True, eq=False, kw_only=True)
class DrawnScene:
    """Hold what was drawn for a scene.

    Parameters
    ----------
    scene
        What it was drawn for.
    controls, knots, fine
        Shape (A, STEPS, 2), (A, KNOTS, 4) and (A, STEPS * FINE + 1, 4): accelerations [m/s2] and curvatures [1/m], and
        x, y, heading, speed every 0.5 s and every 0.1 s, in the scene's frame.
    present
        Shape (A, STEPS * FINE + 1), who is there: as in the scene.
    log_ratio, spent
        Logarithm of the density of the model over that of its guidance along the way that was drawn, and what guidance
        cost [nat]; of a watched scene what it would have cost; 0 without guidance.
    reached
        What was reached, by name of what was asked.
    """

    scene: MotionScene
    controls: NDArray[np.float32]
    knots: NDArray[np.float32]
    fine: NDArray[np.float32]
    present: NDArray[np.bool_]
    log_ratio: float = 0.0
    spent: float = 0.0
    reached: dict[str, float]


@threads(1)
@torch.no_grad()
def sample_scenes(
    members: Sequence[MotionModel],
    scenes: Sequence[MotionScene],
    *,
    seed: int,
    steps: int = _STEPS,
    known: Sequence[NDArray[np.bool_]] | None = None,
    guidance: Guidance | Sequence[Guidance] | None = None,
    watch: Guidance | Sequence[Guidance] | None = None,
    compete: bool = False,
) -> list[DrawnScene]:
    """Return one drawn future for each scene; give a scene several times for several.

    Parameters
    ----------
    members
        The model.
    scenes
        Who is where at the beginning, and the map. Who enters later does so where and when the scene says.
    seed
        Of everything random; a scene's draw depends on it and on its place in the list alone.
    steps
        Noise levels.

    Other Parameters
    ----------------
    known
        For each scene, shape (A, STEPS): controls that stay as the scene has them (its `controls` must be there).
    guidance
        What is asked of the drawn scenes; one for all, or one each.
    watch
        Instead of ``guidance``: draw as the model does, and say with which ``log_ratio`` this guidance would have.
    compete
        Whether guided draws of the same scene compete (see `trafficdiff.diffusion.motion_herd`): more of them come to
        what is asked, alike in part. Each then depends on the others, and its ``log_ratio`` does not tell the choice.

    Raises
    ------
    InputError
        Listing all that cannot be used; or if a user who is asked for is not there.
    """
    _check(scenes, known, guidance, watch, seed=seed, steps=steps)
    order = sorted(range(len(scenes)), key=lambda place: len(scenes[place].user_id))
    made: dict[int, DrawnScene] = {}
    lines = members[0].settings.lines
    begin = 0
    while begin < len(order):
        room = max(1, _USERS // len(scenes[order[begin]].user_id))
        part = order[begin : begin + room]
        part = part[: max(1, _USERS // len(scenes[part[-1]].user_id))]
        drawn = _draw(
            members[(part[0] + seed) % len(members)].eval(),
            [scenes[place] for place in part],
            batched([prepare(scenes[place], lines=lines) for place in part]),
            dice=[np.random.default_rng([seed, place]) for place in part],
            steps=steps,
            known=None if known is None else [known[place] for place in part],
            guidance=_of_part(watch if guidance is None else guidance, part),
            leads=guidance is not None,
            herd=Herd([scenes[place] for place in part], seed=[seed, part[0]]) if compete else None,
        )
        made |= dict(zip(part, drawn, strict=True))
        begin += len(part)
    return [made[place] for place in range(len(scenes))]


def _check(
    scenes: Sequence[MotionScene],
    known: Sequence[NDArray[np.bool_]] | None,
    guidance: Guidance | Sequence[Guidance] | None,
    watch: Guidance | Sequence[Guidance] | None,
    *,
    seed: int,
    steps: int,
) -> None:
    """Raise with all that does not fit the scenes."""
    faults = Faults("drawing motion scenes")
    if steps < 1 or seed < 0:
        faults.add(f"expected a noise level or more and a seed of 0 or more, got {steps} and {seed}")
    if guidance is not None and watch is not None:
        faults.add("expected guidance or watch, got both: a scene is either led, or only looked at")
    for name, given in (("known", known), ("guidance", guidance), ("watch", watch)):
        if isinstance(given, (list, tuple)) and len(given) != len(scenes):
            faults.add(f"expected {name} for each of {len(scenes)} scenes, got {len(given)}")
    for place, (scene, own) in enumerate(zip(scenes, known or (), strict=False)):
        if np.shape(own) != (len(scene.user_id), STEPS):
            faults.add(f"scene {place}: expected known of shape ({len(scene.user_id)}, {STEPS}), got {np.shape(own)}")
        elif np.any(own) and scene.controls is None:
            faults.add(f"scene {place}: expected controls that can be kept, got none; fit them first (`motion_fit`)")
    faults.raise_if_any(InputError)


def _of_part(guidance: Guidance | Sequence[Guidance] | None, part: list[int]) -> list[Guidance] | None:
    if guidance is None:
        return None
    if isinstance(guidance, (list, tuple)):
        return [guidance[place] for place in part]
    return [guidance] * len(part)  # type: ignore[list-item]


def _draw(
    model: MotionModel,
    scenes: list[MotionScene],
    batch: SceneBatch,
    *,
    dice: list[np.random.Generator],
    steps: int,
    known: list[NDArray[np.bool_]] | None,
    guidance: list[Guidance] | None,
    leads: bool,
    herd: Herd | None,
) -> list[DrawnScene]:
    encoded, scale = model.encode(batch), model.scales(batch)
    given = _filled(known, batch)
    truth = batch.controls / scale
    free = (batch.moves & ~given & batch.there[..., None])[..., None].to(truth)
    sigmas = levels(steps)
    x = LARGEST * _normal(dice, scenes, batch)
    spent, log_ratio = torch.zeros(len(scenes)), torch.zeros(len(scenes))
    led: Leader | None = None
    if guidance is not None:
        from trafficdiff.diffusion.motion_guidance import Leader

        led = Leader(guidance, batch, free=free, scale=scale)
    for sigma, following in itertools.pairwise(sigmas):
        x = torch.where(given[..., None], truth, x)
        predict = partial(_predicted, model, sigma=sigma, encoded=encoded, given=given, scale=scale)
        if following == 0:
            x = predict(x)
            break
        looked = None if led is None else led.looked_at(predict, x, sigma=sigma)
        if looked is None:
            clean = predict(x)
        else:
            clean, way, promise = looked
            if herd is not None:
                chosen = herd.chosen(promise, log_ratio)
                x, clean, way, spent, log_ratio = (one[chosen] for one in (x, clean, way, spent, log_ratio))
        mean, spread = transition(x, clean, sigma=sigma, following=following)
        normal = _normal(dice, scenes, batch)
        if led is not None and looked is not None:
            shift = led.shift(way, sigma=sigma, following=following, spread=spread, spent=spent)
            cost = shift.square().sum(dim=(1, 2, 3)) / (2 * spread**2)
            along = (shift * normal).sum(dim=(1, 2, 3)) / spread
            spent, log_ratio = spent + cost, log_ratio - along + (-cost if leads else cost)
            mean = mean + shift if leads else mean
        x = mean + spread * normal
    controls = torch.where(given[..., None], truth, x) * scale
    return _unpacked(scenes, batch, controls, ratios=(spent, log_ratio), led=led)


def _predicted(
    model: MotionModel, noisy: Tensor, *, sigma: float, encoded: Encoded, given: Tensor, scale: Tensor
) -> Tensor:
    """Return the controls that the model predicts, within what bodies can do, as the roll-out would cut them."""
    batch = encoded.batch
    clean = model(noisy, torch.full((len(noisy),), sigma), encoded, given)
    low = torch.stack([batch.limits[..., 0], -batch.limits[..., 3]], dim=-1)[:, :, None] / scale
    high = torch.stack([batch.limits[..., 1], batch.limits[..., 3]], dim=-1)[:, :, None] / scale
    return torch.minimum(torch.maximum(clean, low), high)


def _normal(dice: list[np.random.Generator], scenes: list[MotionScene], batch: SceneBatch) -> Tensor:
    """Return standard normal numbers, each scene's from its own dice: who else is in the batch changes nothing."""
    made = torch.zeros(*batch.there.shape, STEPS, 2)
    for row, (die, scene) in enumerate(zip(dice, scenes, strict=True)):
        users = len(scene.user_id)
        made[row, :users] = torch.from_numpy(die.standard_normal((users, STEPS, 2)).astype(np.float32))
    return made


def _filled(known: list[NDArray[np.bool_]] | None, batch: SceneBatch) -> Tensor:
    made = torch.zeros(*batch.there.shape, STEPS, dtype=torch.bool)
    for row, one in enumerate(known or ()):
        made[row, : len(one)] = torch.from_numpy(np.asarray(one, bool))
    return made


def _unpacked(
    scenes: list[MotionScene],
    batch: SceneBatch,
    controls: Tensor,
    *,
    ratios: tuple[Tensor, Tensor],
    led: Leader | None,
) -> list[DrawnScene]:
    spent, log_ratio = ratios
    knots = rolled_out(batch, controls)
    fine = roll_out_finely(batch.start, controls, batch.limits, moves=batch.moves)
    reached = led.reached(fine) if led is not None else [{} for _ in scenes]
    made = []
    for row, scene in enumerate(scenes):
        users = len(scene.user_id)
        made.append(
            DrawnScene(
                scene=scene, controls=controls[row, :users].numpy(), knots=knots[row, :users].numpy(),
                fine=fine[row, :users].numpy(), present=_present(scene), log_ratio=float(log_ratio[row]),
                spent=float(spent[row]), reached=reached[row],
            )
        )  # fmt: skip
    return made


def _present(scene: MotionScene) -> NDArray[np.bool_]:
    """Return who is there every 0.1 s: from the first knot to the last, shape (A, STEPS * FINE + 1)."""
    at = np.arange(STEPS * FINE + 1)
    last = scene.valid.shape[1] - 1 - scene.valid[:, ::-1].argmax(axis=1)
    return np.asarray((at >= scene.enter[:, None] * FINE) & (at <= last[:, None] * FINE))
