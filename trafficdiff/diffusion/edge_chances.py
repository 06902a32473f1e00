"""Say which edge of its zone a trip would begin and end on, before any trip of the place is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from trafficdiff.diffusion.inputs import views_of
from trafficdiff.diffusion.prior import edge_weight
from trafficdiff.diffusion.requests import SamplerSettings
from trafficdiff.diffusion.sampler import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.scene import Scene
    from trafficdiff.diffusion.denoiser import Conditions
    from trafficdiff.diffusion.inputs import Scaling
    from trafficdiff.diffusion.loss import Model

__all__ = ["edge_chances"]

_VIEWS: Final = 8
_SEED: Final = 0


@torch.inference_mode()
def edge_chances(
    members: Sequence[Model], scene: Scene, *, scaling: Scaling, conditions: Conditions, vehicle_class: int
) -> NDArray[np.float64]:
    """Return the logarithm of the chances of edges inside their zones, shape (2, E), mean over views and members.

    Parameters
    ----------
    members, scaling, scene, conditions
        As `trafficdiff.diffusion.sampler.draw_places` takes them.
    vehicle_class
        Position in `CLASSES`.
    """
    zone = torch.from_numpy(scene.edge_zone.astype(np.int64))
    prior = torch.from_numpy(np.log(edge_weight(scene)).T)
    hidden = SamplerSettings().hidden_columns
    total = torch.zeros(prior.shape, dtype=torch.double)
    for number, place in enumerate(views_of(scene, scaling, count=_VIEWS, hidden=hidden, seed=_SEED)):
        model = members[number % len(members)].eval()
        token = encode(model, place, conditions).token[0]
        score = model.denoiser.edge_scores(place.edge, token, zone, torch.tensor([vehicle_class]))[0]
        chance = (score.double() + prior - (score + prior).amax(dim=1, keepdim=True)).exp()
        index = zone.expand(2, -1)
        whole = torch.zeros(2, len(scene), dtype=torch.double).scatter_add(1, index, chance)
        total += chance / whole.gather(1, index).clamp(min=1e-300)
    return np.asarray((total / _VIEWS).clamp(min=1e-12).log().numpy())
