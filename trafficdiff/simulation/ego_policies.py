"""Choose who drives an ego under test: planners that are here, and anybody's own by ``module.path:Name``.

Two of them carry a planted fault, so that a search for failures has something known to find:

==========  ===============================================================================================
``idm``     `trafficdiff.simulation.ego_idm.IdmPlanner`
``faulty``  the same, blind to its left: whose centre is more than 1.75 m to the left of its own axis is unseen
``late``    the same, late: it brakes and accelerates 1.5 s after it should
==========  ===============================================================================================
"""

from __future__ import annotations

import sys
from collections import deque
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from trafficdiff.datatypes.ego_view import CONTROL_S, EgoPolicy, EgoView, OtherUsers
from trafficdiff.errors import Faults, InputError
from trafficdiff.simulation.ego_idm import IdmPlanner

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DRAWN", "SUMO", "BlindPlanner", "LatePlanner", "ego_policy"]

DRAWN: Final = "drawn"
"""The ego drives as the scene model has drawn it: no policy."""
SUMO: Final = "sumo"
"""The ego is SUMO's own driver, in SUMO alone: no policy."""
_LEFT_M: Final = 1.75
_LATE_S: Final = 1.5


class BlindPlanner(IdmPlanner):
    """Drive as `IdmPlanner`, but see nobody whose centre is more than 1.75 m to the left of the ego's axis."""

    name = "faulty"

    def control(self, view: EgoView) -> tuple[float, float]:
        """Return acceleration and curvature, blind to the left."""
        others = view.others
        cosine, sine = np.cos(view.heading_rad), np.sin(view.heading_rad)
        left = (others.y_m - view.y_m) * cosine - (others.x_m - view.x_m) * sine
        return super().control(_seeing(view, _some(others, left <= _LEFT_M)))


class LatePlanner(IdmPlanner):
    """Drive as `IdmPlanner`, but brake and accelerate 1.5 s late, at first not at all; it steers in time."""

    name = "late"

    def __init__(self) -> None:
        super().__init__()
        self._meant: deque[float] = deque()

    def begin(self, view: EgoView) -> None:
        """Forget what it meant to do."""
        super().begin(view)
        self._meant.clear()

    def control(self, view: EgoView) -> tuple[float, float]:
        """Return the acceleration that was right 1.5 s ago, and curvature."""
        gas, curvature = super().control(view)
        self._meant.append(gas)
        late = len(self._meant) > round(_LATE_S / CONTROL_S)
        return self._meant.popleft() if late else 0.0, curvature


_OWN: Final[dict[str, type[IdmPlanner]]] = {one.name: one for one in (IdmPlanner, BlindPlanner, LatePlanner)}
_NAMES: Final = (DRAWN, SUMO, *_OWN)


def ego_policy(text: str) -> EgoPolicy | None:
    """Return who drives the ego; None for `DRAWN` and `SUMO`, which are no policies.

    Parameters
    ----------
    text
        ``drawn``, ``sumo``, ``idm``, ``faulty``, ``late``, or ``module.path:Name``: a class without arguments, a
        function that returns a policy, or a policy. Modules are also looked for in the current directory.

    Raises
    ------
    InputError
        Naming all that is wrong with it.
    """
    if text in {DRAWN, SUMO}:
        return None
    return _OWN[text]() if text in _OWN else _outside(text)


def _outside(text: str) -> EgoPolicy:
    faults = Faults(f"ego {text!r}")
    module, colon, name = text.partition(":")
    parts = [*module.split("."), *name.split(".")]
    if not colon or not all(part.isidentifier() for part in parts):
        faults.add(f"expected {', '.join(_NAMES)} or module.path:Name, got {text!r}")
    faults.raise_if_any(InputError)
    try:
        found = _imported(module)
        for part in name.split("."):
            found = getattr(found, part)
        policy = found() if isinstance(found, type) or not hasattr(found, "control") else found
    except Exception as error:  # the border to code of others
        faults.add(
            f"expected a policy named {name!r} in a module {module!r} that can be imported and made without arguments, "
            f"got {type(error).__name__}: {error}; run it from the folder that the module lies in"
        )
        faults.raise_if_any(InputError)
    for part in ("begin", "control"):
        if not callable(getattr(policy, part, None)):
            faults.add(f"expected a function {part}(view), got none; docs/ego_policies.md has an example")
    if not isinstance(getattr(policy, "name", None), str) or not policy.name:
        faults.add("expected a name, a text, got none")
    faults.raise_if_any(InputError)
    return cast("EgoPolicy", policy)


def _imported(module: str) -> Any:
    """Import a module, from the current directory too."""
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        return import_module(module)
    finally:
        sys.path.remove(here)


def _seeing(view: EgoView, others: OtherUsers) -> EgoView:
    return EgoView(
        view.time_s, view.x_m, view.y_m, view.heading_rad, view.speed_ms, view.length_m, view.width_m, others,
        view.way_xy, view.limit_ms, view.stop_m,
    )  # fmt: skip


def _some(others: OtherUsers, kept: NDArray[np.bool_]) -> OtherUsers:
    return OtherUsers(
        others.user_id[kept], others.kind[kept], others.x_m[kept], others.y_m[kept], others.heading_rad[kept],
        others.speed_ms[kept], others.length_m[kept], others.width_m[kept],
    )  # fmt: skip
