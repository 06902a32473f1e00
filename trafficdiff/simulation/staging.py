"""Replay staged cases among SUMO's traffic.

::

    trips ─▶ warm up once, keep moments ─▶ per case: moment ─▶ clear the stage ─▶ 0.1 s steps ─▶ recorded
                                                       ▲            actors by moveToXY, traffic reacts
                                                       └── whoever of the traffic touches an actor is cleared too

Actors are vehicles that ignore permissions; SUMO's drivers brake for them, pass them and wait for them as for any
other, wherever they are moved to on a lane (docs/edge_cases.md has the probes).
"""

from __future__ import annotations

import logging
import pickle
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.datatypes.route_writer import write_routes
from trafficdiff.errors import SimulationError
from trafficdiff.process import last_words, module_path, run_program, sumo_environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.staging import Staging
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["Recording", "StagedTraffic"]

JOB: Final = "staging.pickle"
RESULT: Final = "staged{}.pickle"
MOMENT: Final = "moment{}.xml.gz"
ROUTES: Final = "traffic.rou.xml"
_logger = logging.getLogger(__name__)

_LATERAL_M: Final = 0.8
"""Resolution of SUMO's sublane model [m]: lane changes go across continuously."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Recording:
    """Hold what was recorded of one case; a row a user and sample, by time; immutable.

    Parameters
    ----------
    user, sample
        Shape (R,), position of the user in `user_id`, and number of the sample.
    x_m, y_m, compass_deg, speed_ms
        Shape (R,), middle of the front bumper, SUMO's heading, SUMO's speed.
    edge_id
        Shape (R,), SUMO's edge; those inside junctions begin with a colon.
    user_id, user_kind, length_m, width_m
        Shape (U,).
    begin_s
        Time of the first sample [s of the traffic].
    signals
        Id, number of the sample and state, a row a change.
    cleared
        Vehicles that were taken off the stage.
    """

    user: NDArray[np.int64]
    sample: NDArray[np.int64]
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    compass_deg: NDArray[np.float64]
    speed_ms: NDArray[np.float64]
    edge_id: NDArray[np.object_]
    user_id: tuple[str, ...]
    user_kind: tuple[str, ...]
    length_m: NDArray[np.float64]
    width_m: NDArray[np.float64]
    begin_s: float
    signals: tuple[tuple[str, int, str], ...]
    cleared: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class StagedTraffic:
    """Hold the traffic that cases are staged among; its moments are warmed up on the first replay.

    Parameters
    ----------
    graph, trips
        Roads, and the traffic on them.
    moments_s
        Times of the traffic at which cases may begin [s], rising.
    seed
        SUMO's.
    directory
        Where it works; made if need be.
    radius_m
        How far around a case traffic is recorded [m].
    deadline_s
        Longest time for one call [s].
    """

    graph: RoadGraph
    trips: TripSet
    moments_s: tuple[float, ...]
    seed: int
    directory: Path
    radius_m: float = 120.0
    deadline_s: float = 3_600.0

    def replay(self, stagings: Sequence[Staging]) -> list[Recording | str]:
        """Return what happened in each case, or why it cannot be played.

        Raises
        ------
        SimulationError
            If SUMO failed, with its last words.
        """
        if not stagings:
            return []
        self.directory.mkdir(parents=True, exist_ok=True)
        if not (self.directory / ROUTES).exists():
            write_routes(self.trips, self.directory / ROUTES)
        played: dict[int, dict[str, Any] | str] = {}
        while len(played) < len(stagings):
            left = [(number, one) for number, one in enumerate(stagings) if number not in played]
            ended_well, words = self._run(left)
            fresh = self._collect(left)
            played |= fresh
            if not ended_well:
                if not (self.directory / MOMENT.format(len(self.moments_s) - 1)).exists():
                    raise SimulationError(f"expected the traffic to be warmed up, got none. SUMO last said: {words}")
                crashed = next((number for number, _ in left if number not in played), None)
                if crashed is None:
                    break  # it fell over after its last case
                _logger.warning("SUMO crashed at case %s; the others go on. It last said: %s",
                                stagings[crashed].name, words)  # fmt: skip
                played[crashed] = "SUMO crashed"
        return [one if isinstance(one, str) else Recording(**one) for _, one in sorted(played.items())]

    def _run(self, left: list[tuple[int, Staging]]) -> tuple[bool, str]:
        """Run the process on some cases; return whether it ended well, and its last words."""
        job = {
            "command": self._command(), "moments_s": self.moments_s, "stagings": left, "radius_m": self.radius_m
        }  # fmt: skip
        (self.directory / JOB).write_bytes(pickle.dumps(job))
        environment = sumo_environment() | {"PYTHONPATH": module_path()}
        finished = run_program(
            [sys.executable, "-m", "trafficdiff.simulation.staging_process"], log=self.directory / "staging.log",
            deadline_s=self.deadline_s, directory=self.directory, environment=environment,
        )  # fmt: skip
        return finished.returncode == 0, last_words(finished.output)

    def _collect(self, left: list[tuple[int, Staging]]) -> dict[int, dict[str, Any] | str]:
        found: dict[int, dict[str, Any] | str] = {}
        for number, _ in left:
            path = self.directory / RESULT.format(number)
            if path.exists():
                found[number] = pickle.loads(path.read_bytes())  # noqa: S301 - our own process's
                path.unlink()
        return found

    def _command(self) -> list[str]:
        return [
            *("sumo", "--net-file", str(self.graph.net_path.resolve()), "--route-files", ROUTES),
            *("--begin", f"{self.trips.window_s[0]:g}", "--step-length", "0.1", "--seed", str(self.seed)),
            *("--lateral-resolution", f"{_LATERAL_M:g}", "--collision.action", "none", "--time-to-teleport", "-1"),
            *("--save-state.rng", "--no-step-log", "--no-warnings", "--xml-validation", "never"),
            *("--xml-validation.net", "never", "--xml-validation.routes", "never"),
        ]
