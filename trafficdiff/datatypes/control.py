"""Say what acts while the simulation runs: closures, limits and signal plans by time, charging sites, people on foot.

Measures make these records; `trafficdiff.simulation` writes them as SUMO additional files.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from trafficdiff.datatypes.stations import ChargingStation
    from trafficdiff.datatypes.walks import Walks

__all__ = ["Closure", "Control", "SignalPhase", "SignalProgram", "SpeedChange", "Station"]

_TOLD_ELSEWHERE: Final = ("keeps_route", "walks")


@dataclass(frozen=True, kw_only=True)
class Closure:
    """Close edges for some time; drivers who would pass look for another way.

    Parameters
    ----------
    edges
        Ids of the edges.
    begin_s, end_s
        When [s of the day].
    lanes
        Indices of the lanes from the right that are closed; empty closes the whole edge.
    open_to
        SUMO vehicle classes that may still pass.
    told_at
        Ids of the edges where drivers learn of it; empty for all edges: it is announced. Who ends on a closed edge
        ends at its door in either case.
    """

    edges: tuple[str, ...]
    begin_s: float
    end_s: float
    lanes: tuple[int, ...] = ()
    open_to: tuple[str, ...] = ()
    told_at: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SpeedChange:
    """Change the speed limit of lanes for some time.

    Parameters
    ----------
    lanes
        Ids of the lanes.
    begin_s, end_s
        When [s of the day].
    speed_ms
        The limit then [m/s].
    speed_after_ms
        The limit of each lane afterwards [m/s].
    """

    lanes: tuple[str, ...]
    begin_s: float
    end_s: float
    speed_ms: float
    speed_after_ms: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class SignalPhase:
    """Hold one phase: how long [s], the state of every link as SUMO writes it, bounds where it is actuated [s]."""

    duration_s: float
    state: str
    min_s: float | None = None
    max_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class SignalProgram:
    """Replace the plan of one signal.

    Parameters
    ----------
    signal
        Id of the signal in the net.
    kind
        ``static`` or ``actuated``.
    offset_s
        Start of the cycle [s].
    phases
        In order.
    """

    signal: str
    kind: str
    offset_s: float
    phases: tuple[SignalPhase, ...]


@dataclass(frozen=True, kw_only=True)
class Station:
    """Be a charging site: id, edge, plugs, power of each plug [kW], lane from the kerb, price [money/kWh] or None.

    `prices` and `caps` hold (begin [s], end [s], value): money/kWh, and the site's share of a cap [kW].
    """

    id: str
    edge: str
    plugs: int
    power_kw: float
    lane: int = 0
    price_per_kwh: float | None = None
    prices: tuple[tuple[float, float, float], ...] = ()
    caps: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Control:
    """Gather all that acts while the simulation runs; what comes later in `signals` replaces what came before."""

    closures: tuple[Closure, ...] = ()
    speeds: tuple[SpeedChange, ...] = ()
    signals: tuple[SignalProgram, ...] = ()
    stations: tuple[Station, ...] = ()
    charging: tuple[ChargingStation, ...] = ()
    """Stations whose queue is steered; they stand off the road, with waiting bays."""
    options: tuple[tuple[str, str], ...] = field(default=())
    """Further SUMO options, name without dashes and value; each once."""
    keeps_route: tuple[str, ...] = ()
    """Ids of trips whose way round is a measure's doing: they look for no other way on the road."""

    walks: tuple[Walks, ...] = ()
    """People on foot, at most one set of them: they have a file of their own."""

    def __bool__(self) -> bool:
        """Whether anything acts; who keeps a route is told with the trips, and who walks in a file of his own."""
        return any(getattr(self, one.name) for one in fields(self) if one.name not in _TOLD_ELSEWHERE)

    def joined(self, other: Control) -> Self:
        """Return both together, the other's last; of charging sites with the same id the later one holds."""
        both = {one.name: (*getattr(self, one.name), *getattr(other, one.name)) for one in fields(self)}
        both["stations"] = tuple({site.id: site for site in both["stations"]}.values())
        return type(self)(**both)
