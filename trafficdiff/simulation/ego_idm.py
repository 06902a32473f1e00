"""Drive an ego as the Intelligent Driver Model does, along its way, braking for whoever gets into it.

Treiber, Hennecke and Helbing (2000), "Congested traffic states in empirical observations and microscopic simulations",
Physical Review E 62, 1805, equations 3 and 4::

    dv/dt = a [1 - (v / v0)^4 - (s* / s)^2]         s* = s0 + v T + v dv / (2 sqrt(a b))

``s`` is the gap ahead, ``dv`` how fast it closes, ``v0`` what limit and bends allow here. Ahead is whoever is on the
way now, and whoever gets into it within four seconds, going straight on at its speed, at about the time at which the
ego comes by; a stop line that shows red counts as somebody standing. Steering is pure pursuit (Coulter 1992,
CMU-RI-TR-92-01): the arc through a point ahead on the way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.simulation.ego_way import EgoWay

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.ego_view import EgoView, OtherUsers

__all__ = ["IdmConstants", "IdmPlanner", "idm_acceleration"]

_AHEAD_S: Final = np.arange(0.0, 4.01, 0.5)
_HALF_S: Final = 0.25
_SWEEP_S: Final = np.append(0.0, np.full(len(_AHEAD_S) - 1, _HALF_S))
"""What somebody sweeps between two looks counts as its own length."""
_BESIDE_M: Final = 0.3
"""Who comes nearer than this to where the ego's box will pass is in its way [m]."""
_APART_S: Final = 0.5
"""Who leaves the way so long before the ego comes, or enters it so long after, is not braked for [s]."""
_LEAST_MS: Final = 2.0
"""When an ego that is slower comes by is reckoned with this speed [m/s]."""
_SOON_S: Final = 0.5
"""What limit and bends allow so much later is to be reached by then: the model alone comes to it too late [s]."""
_DECIDES: Final = 2
"""It looks around at every second call, every 0.2 s, and holds its acceleration in between."""


@dataclass(frozen=True, kw_only=True)
class IdmConstants:
    """Hold the constants of the planner; the first four are table I of the paper, the others declared.

    Parameters
    ----------
    headway_s, gap_m
        Safe time headway ``T`` and least gap ``s0``.
    gas_ms2, braking_ms2
        Acceleration ``a`` and comfortable braking ``b``.
    hardest_ms2
        Braking that is never exceeded.
    across_ms2
        Acceleration across that bends are taken with.
    stops_ms2
        A light that would take harder braking is passed.
    pursuit_s, pursuit_m
        How far ahead it steers to: by time, and least and most way.
    """

    headway_s: float = 1.6
    gap_m: float = 2.0
    gas_ms2: float = 0.73
    braking_ms2: float = 1.67
    hardest_ms2: float = 8.0
    across_ms2: float = 2.5
    stops_ms2: float = 4.5
    pursuit_s: float = 0.8
    pursuit_m: tuple[float, float] = (3.0, 15.0)


_USUAL: Final = IdmConstants()


def idm_acceleration(
    speed_ms: float,
    *,
    wished_ms: float,
    gap_m: float = math.inf,
    ahead_ms: float = 0.0,
    constants: IdmConstants = _USUAL,
) -> float:
    """Return the acceleration of the model [m/s2]; who is faster than wished brakes comfortably for that alone."""
    c = constants
    free = max(1 - (speed_ms / max(wished_ms, 0.1)) ** 4, -c.braking_ms2 / c.gas_ms2)
    if math.isinf(gap_m):
        return c.gas_ms2 * free
    closing = speed_ms * (speed_ms - ahead_ms) / (2 * math.sqrt(c.gas_ms2 * c.braking_ms2))
    wished_m = c.gap_m + max(0.0, speed_ms * c.headway_s + closing)
    return max(c.gas_ms2 * (free - (wished_m / max(gap_m, 0.1)) ** 2), -c.hardest_ms2)


class IdmPlanner:
    """Follow the way, keep limits and gaps, stop at red; it neither overtakes nor knows who has the right of way."""

    name = "idm"

    def __init__(self, constants: IdmConstants = _USUAL) -> None:
        self.constants = constants
        self._way: EgoWay | None = None
        self._xy: object = None
        self._calls = 0
        self._gas = 0.0

    def begin(self, view: EgoView) -> None:
        """Read the way."""
        self._xy, self._calls = None, 0
        self._read(view)

    def control(self, view: EgoView) -> tuple[float, float]:
        """Return acceleration and curvature."""
        way = self._read(view)
        s_m = way.along(view.x_m, view.y_m)
        if self._calls % _DECIDES == 0:
            self._gas = self._decided(view, way, s_m)
        self._calls += 1
        return self._gas, self._curvature(view, way, s_m)

    def _decided(self, view: EgoView, way: EgoWay, s_m: float) -> float:
        """Return the acceleration for whoever holds it up most."""
        speed = view.speed_ms
        ahead = self._ahead(view, way, s_m)
        if speed**2 <= 2 * self.constants.stops_ms2 * max(view.stop_m, 0.1):
            ahead.append((view.stop_m, 0.0))
        wished = max(way.allowed(s_m), 0.1)
        soon = (way.allowed(s_m + _SOON_S * speed) - speed) / _SOON_S
        return max(
            min(
                soon, idm_acceleration(speed, wished_ms=wished, constants=self.constants),
                *(idm_acceleration(speed, wished_ms=wished, gap_m=gap, ahead_ms=other, constants=self.constants)
                  for gap, other in ahead),
            ),
            -self.constants.hardest_ms2,
        )  # fmt: skip

    def _read(self, view: EgoView) -> EgoWay:
        if self._way is None or view.way_xy is not self._xy:
            c = self.constants
            self._way = EgoWay(view.way_xy, view.limit_ms, across_ms2=c.across_ms2, braking_ms2=c.braking_ms2)
            self._xy = view.way_xy
        return self._way

    def _curvature(self, view: EgoView, way: EgoWay, s_m: float) -> float:
        """Return the arc through the point ahead: twice its offset to the left over its squared distance."""
        least, most = self.constants.pursuit_m
        x, y = way.point(s_m + min(max(self.constants.pursuit_s * view.speed_ms, least), most))
        dx, dy = x - view.x_m, y - view.y_m
        left = dy * math.cos(view.heading_rad) - dx * math.sin(view.heading_rad)
        return 2 * left / max(dx * dx + dy * dy, 1.0)

    def _ahead(self, view: EgoView, way: EgoWay, s_m: float) -> list[tuple[float, float]]:
        """Return gap [m] and speed along the way [m/s] of everybody to brake for."""
        others = view.others
        reach_m = view.length_m + max(view.speed_ms, 5.0) * 4.5 + 10.0
        dx, dy = others.x_m - view.x_m, others.y_m - view.y_m
        near = (dx * dx + dy * dy < (reach_m + 4.0 * others.speed_ms) ** 2).nonzero()[0]
        if not len(near):
            return []
        x_m, y_m, heading, speed, length, width = _columns(others, near)
        length, width = length / 2, width / 2
        east, north = np.cos(heading), np.sin(heading)
        s, left, place = way.beside(
            x_m + speed * east * _AHEAD_S, y_m + speed * north * _AHEAD_S, from_m=s_m - 4.0, to_m=s_m + reach_m
        )
        cosine = east * way.cosine[place] + north * way.sine[place]
        straight, sine = np.abs(cosine), np.abs(north * way.cosine[place] - east * way.sine[place])
        along = straight * length + sine * width
        across = sine * (length + speed * _SWEEP_S) + straight * width
        within = (np.abs(left) < across + (view.width_m / 2 + _BESIDE_M)) & (s < s_m + reach_m) & (s > s_m)
        if not within.any():
            return []
        found = []
        front = s_m + view.length_m / 2
        for user in np.flatnonzero(within.any(axis=1)).tolist():
            at = np.flatnonzero(within[user])
            gap = float((s[user, at] - along[user, at]).min()) - front
            if at[0] == 0:
                gap = float(s[user, 0] - along[user, 0]) - front
            elif gap <= 0:
                continue  # it would strike the ego's side: braking does not help
            if self._meets(view, gap, float((s[user, at] + along[user, at]).max()) - front, at):
                towards = float(speed[user, 0] * cosine[user, at[0]])
                found.append((gap, towards if at[0] == 0 else max(0.0, towards)))
        return found

    def _meets(self, view: EgoView, near_m: float, far_m: float, at: NDArray[np.intp]) -> bool:
        """Return whether the ego comes by while somebody is on the way."""
        speed = max(view.speed_ms, _LEAST_MS)
        comes_s, gone_s = near_m / speed, (far_m + view.length_m) / speed
        enters_s = float(_AHEAD_S[at[0]]) - _HALF_S
        leaves_s = math.inf if at[-1] == len(_AHEAD_S) - 1 else float(_AHEAD_S[at[-1]]) + _HALF_S
        return comes_s < leaves_s + _APART_S and gone_s > enters_s - _APART_S


def _columns(others: OtherUsers, kept: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return x, y, heading, speed, length and width of some, shape (6, n, 1)."""
    columns = (others.x_m, others.y_m, others.heading_rad, others.speed_ms, others.length_m, others.width_m)
    return np.array(columns)[:, kept, None]
