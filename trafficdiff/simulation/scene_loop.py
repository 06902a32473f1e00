"""Play scenes in SUMO: everybody is moved along given poses, the ego too or driven by SUMO's own driver.

One SUMO runs for one net, scene after scene, in a process of its own, for SUMO may crash::

    caller                                       process of a ScenePlayer
    play(Stage, who there is, signals    ─────▶  users of the scene before are taken off
         Poses)  all moments                     moveToXY, step, record         ◀── SUMO's driver reacts
"""

from __future__ import annotations

import contextlib
import logging
import sys
from dataclasses import dataclass
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Final, Literal, Self

from trafficdiff.errors import SimulationError
from trafficdiff.process import last_words, module_path, running_service, sumo_environment

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Engine", "OwnDriver", "Played", "Poses", "ScenePlayer", "Stage", "StageUser"]

Engine = Literal["libsumo", "traci"]
LOG: Final = "scene_loop.log"
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class StageUser:
    """Say who is on the stage: name, SUMO's vehicle class, and box [m]."""

    name: str
    kind: str
    length_m: float
    width_m: float


@dataclass(frozen=True, kw_only=True)
class OwnDriver:
    """Say whom SUMO's own driver takes over.

    Parameters
    ----------
    name
        The user.
    route
        Edges from the one that it begins on, or from the one before the junction that it begins in.
    speed_factor
        How fast it likes to drive, over the limit.
    from_moment
        First moment at which it is not moved.
    """

    name: str
    route: tuple[str, ...]
    speed_factor: float
    from_moment: int


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Hold what a scene begins with.

    Parameters
    ----------
    users
        Everybody.
    driver
        Whom SUMO drives; None for nobody.
    signals
        Id, moment and state, a row a change, by moment. Signals without rows are off: everybody has the right of way.
    """

    users: tuple[StageUser, ...]
    driver: OwnDriver | None = None
    signals: tuple[tuple[str, int, str], ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Poses:
    """Hold where everybody is every 0.1 s.

    Parameters
    ----------
    states
        Shape (U, K, 3): x, y of the box centre [m], heading [rad], in the order of the stage's users.
    present
        Shape (U, K), who is there.
    """

    states: NDArray[np.float64]
    present: NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class Played:
    """Hold what SUMO recorded.

    Parameters
    ----------
    states
        Shape (U, K, 4): x, y of the box centre, heading, SUMO's speed; NaN where SUMO has lost somebody.
    away_m
        How far anybody who was moved is from where it was moved to, at most [m]; infinite if SUMO has lost somebody.
    """

    states: NDArray[np.float64]
    away_m: float


class ScenePlayer:
    """Play scenes on one net; a context manager.

    Parameters
    ----------
    net_file
        The net.
    directory
        Where its log is written.
    engine
        ``libsumo``, or ``traci``: the same over a socket on the loopback.
    answer_s
        Longest wait for an answer [s].
    """

    def __init__(self, net_file: Path, *, directory: Path, engine: Engine = "libsumo", answer_s: float = 120.0) -> None:
        self._net_file = net_file.resolve()
        self._directory = directory
        self._engine = engine
        self._answer_s = answer_s
        self._line: Connection | None = None
        self._running = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End SUMO."""
        self._end()

    def play(self, stage: Stage, poses: Poses) -> Played:
        """Play a scene, and return what was recorded; SUMO is started if it does not run.

        Raises
        ------
        SimulationError
            If SUMO crashed or refuses it; the next scene starts it anew.
        """
        line = self._line or self._start()
        try:
            line.send((stage, poses))
            answer = line.recv() if line.poll(self._answer_s) else f"no answer within {self._answer_s:g} s"
        except (EOFError, OSError):
            words = self._last_words()
            self._end()
            raise SimulationError(f"SUMO crashed while it played a scene. It last said: {words}") from None
        except BaseException:
            self._end()
            raise
        if isinstance(answer, str):
            self._end()
            raise SimulationError(f"SUMO refused a scene: {answer}")
        assert isinstance(answer, Played)
        return answer

    def _start(self) -> Connection:
        own, its = Pipe()
        command = [
            sys.executable, "-m", "trafficdiff.simulation.scene_loop_process", str(its.fileno()), self._engine,
            str(self._net_file),
        ]  # fmt: skip
        self._directory.mkdir(parents=True, exist_ok=True)
        environment = sumo_environment() | {"PYTHONPATH": module_path()}
        self._running.enter_context(
            running_service(
                command, directory=self._directory, environment=environment, log=self._directory / LOG,
                kept_open=(its.fileno(),),
            )
        )  # fmt: skip
        its.close()
        self._line = own
        return own

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            return last_words((self._directory / LOG).read_text(encoding="utf-8", errors="replace"))
        return "nothing"

    def _end(self) -> None:
        if self._line is not None:
            self._line.close()  # the process ends by itself when nobody listens
            self._line = None
        self._running.close()
