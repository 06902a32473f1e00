"""Simulate trips once, or again and again until drivers have learned which routes are worth taking.

::

    trips ─▶ simulate ─▶ link times by interval ─▶ what could each driver save? ─┬─ little ─▶ done
      ▲                                                                          │
      └───────────── some drivers switch to their fastest route ◀────────────────┘
"""

from __future__ import annotations

import logging
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trafficdiff.datatypes.control import Control
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.result import SimulationResult
    from trafficdiff.datatypes.scenario import Equilibrium, Scenario
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.demand.switching import Regret

__all__ = ["Assigned", "Iteration", "assign"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Iteration:
    """Say what one simulation of a sequence found.

    Parameters
    ----------
    relative_gap
        What drivers could have saved, as a share of the time that they took.
    completed, teleports
        How many trips arrived, and how often SUMO lifted a vehicle out of a jam.
    mean_time_loss_s, mean_depart_delay_s
        Over the trips that entered [s]; NaN where none did.
    """

    relative_gap: float
    completed: int
    teleports: int
    mean_time_loss_s: float
    mean_depart_delay_s: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Assigned:
    """Hold a simulation and how its routes came about.

    Parameters
    ----------
    trips, result
        The trips with the routes that were simulated, and what was measured.
    choice
        ``one_shot``: the routes as given; ``en_route``: drivers looked for faster ways on the road; ``iterated``:
        they learned from day to day.
    days
        Every simulation, in order, where drivers learn; else empty: the gap costs as much as drawing the routes.
    kept
        Which of the simulations this is, from 0: the one with the smallest gap.
    asked
        Relative gap that was asked for; None where none was.
    """

    trips: TripSet
    result: SimulationResult
    choice: Literal["one_shot", "en_route", "iterated"]
    days: tuple[Iteration, ...] = ()
    kept: int = 0
    asked: float | None = None

    @property
    def gaps(self) -> tuple[float, ...]:
        """Relative gap of every simulation, in order."""
        return tuple(day.relative_gap for day in self.days)

    @property
    def iterations(self) -> int:
        """How many simulations it took."""
        return max(1, len(self.days))

    @property
    def gap(self) -> float | None:
        """Relative gap of the simulation that counts."""
        return self.gaps[self.kept] if self.gaps else None

    @property
    def reached(self) -> bool:
        """Whether the gap that was asked for was reached; True where none was."""
        return self.asked is None or self.gap is None or self.gap <= self.asked

    def numbers(self) -> dict[str, float]:
        """Return the gap, if it is known, by name in `trafficdiff.units`."""
        return {} if self.gap is None else {"relative_gap": self.gap}

    def as_dict(self) -> dict[str, Any]:
        """Return how the routes came about as plain data."""
        return {
            "route_choice": self.choice,
            "iterations": self.iterations,
            "relative_gap": self.gap,
            "relative_gap_asked": self.asked,
            "relative_gap_reached": self.reached,
            "kept_iteration": self.kept,
            "days": [asdict(day) for day in self.days],
        }


def assign(
    graph: RoadGraph,
    trips: TripSet,
    *,
    scenario: Scenario,
    seed: int,
    directory: Path,
    control: Control | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> Assigned:
    """Simulate trips as the scenario says, and return the simulation that counts with its routes.

    Without an equilibrium in the scenario that is one simulation. With one, simulations follow each other until the
    gap is small enough or they are spent; the one with the smallest gap counts, and a warning says so if that gap is
    larger than asked.

    Parameters
    ----------
    graph, trips
        The roads, and the trips with the routes that drivers set out with.

    Other Parameters
    ----------------
    scenario
        Its window, simulation and equilibrium.
    seed
        SUMO's random numbers, the same in every iteration; the dice of who switches come from it too.
    directory
        Receives the files of the simulation that counts, and no others.
    control
        What acts while SUMO runs.
    on_progress
        Called with the simulated time [s], as if all iterations together took one window.

    Raises
    ------
    TrafficdiffError
        As `trafficdiff.simulation.run.simulate`.
    """
    days = _Days(graph, scenario=scenario, seed=seed, directory=directory, control=control, on_progress=on_progress)
    if scenario.equilibrium is not None:
        return _iterated(days, trips, wanted=scenario.equilibrium, seed=seed)
    result = days.simulate(trips, directory=directory)
    reroute = scenario.simulation.rerouting_share > 0
    return Assigned(trips=trips, result=result, choice="en_route" if reroute else "one_shot")


def _iterated(days: _Days, trips: TripSet, *, wanted: Equilibrium, seed: int) -> Assigned:
    from trafficdiff.demand.switching import switch

    generator = stream(seed, "route switching")
    past: list[Iteration] = []
    best: tuple[TripSet, SimulationResult, int] | None = None
    for day in range(wanted.iterations):
        result, found = days.next(trips)
        past.append(_iteration(result, found))
        _logger.info("iteration %d: relative gap %.4f", day, found.gap)
        better = best is None or found.gap < past[best[2]].relative_gap
        days.keep(better=better)
        if better:
            best = (trips, result, day)
        if found.gap <= wanted.gap:
            break
        trips = switch(trips, found, day=day + 1, generator=generator, held=days.held)
    assert best is not None  # there is at least one iteration
    days.settle()
    assigned = Assigned(
        trips=best[0], result=best[1], choice="iterated", days=tuple(past), kept=best[2], asked=wanted.gap
    )
    if not assigned.reached:
        _logger.warning(
            "drivers had not settled: the smallest relative gap of %d simulations was %.3f (in number %d), %.3f was "
            "asked for; raise equilibrium.iterations, or equilibrium.gap if the gaps no longer fall: %s",
            len(past), assigned.gap, best[2] + 1, wanted.gap, ", ".join(f"{gap:.3f}" for gap in assigned.gaps),
        )  # fmt: skip
    return assigned


def _iteration(result: SimulationResult, found: Regret) -> Iteration:
    return Iteration(
        relative_gap=found.gap,
        completed=result.counts.arrived,
        teleports=result.counts.teleports,
        mean_time_loss_s=float(result.trips["time_loss_s"].mean()),
        mean_depart_delay_s=float(result.trips["depart_delay_s"].mean()),
    )


class _Days:
    """Simulate one day after the other, each in a directory of its own, and keep the files of the best one."""

    def __init__(
        self,
        graph: RoadGraph,
        *,
        scenario: Scenario,
        seed: int,
        directory: Path,
        control: Control | None,
        on_progress: Callable[[float], None] | None,
    ) -> None:
        self._graph, self._scenario, self._seed, self._control = graph, scenario, seed, control
        self._directory, self._on_progress = directory, on_progress
        self._day = -1
        self._best: Path | None = None

    @property
    def held(self) -> tuple[str, ...]:
        """Trips whose way round is a measure's doing."""
        return () if self._control is None else self._control.keeps_route

    def simulate(self, trips: TripSet, *, directory: Path, day: int = 0, days: int = 1) -> SimulationResult:
        """Simulate trips as the scenario says."""
        from trafficdiff.simulation.run import simulate

        return simulate(
            self._graph,
            trips,
            options=self._scenario.simulation,
            window=self._scenario.window,
            seed=self._seed,
            directory=directory,
            control=self._control,
            on_progress=self._progress(day=day, days=days),
        )

    def next(self, trips: TripSet) -> tuple[SimulationResult, Regret]:
        """Simulate the next day; return what was measured, and what drivers could have saved."""
        from trafficdiff.demand.link_times import measured_times
        from trafficdiff.demand.switching import regret

        self._day += 1
        assert self._scenario.equilibrium is not None
        days = self._scenario.equilibrium.iterations
        result = self.simulate(trips, directory=self._place, day=self._day, days=days)
        return result, regret(trips, measured_times(result, self._graph))

    @property
    def _place(self) -> Path:
        return self._directory.with_name(f"{self._directory.name}.{self._day}")

    def keep(self, *, better: bool) -> None:
        """Delete the files of the day, or those of the best one before if the day was better."""
        worse = self._best if better else self._place
        if better:
            self._best = self._place
        if worse is not None:
            shutil.rmtree(worse)

    def settle(self) -> None:
        """Move the files of the best day to where they belong."""
        assert self._best is not None
        self._best.rename(self._directory)

    def _progress(self, *, day: int, days: int) -> Callable[[float], None] | None:
        """Return what takes the time of one day and hands on that of all days laid over one window."""
        report, begin_s = self._on_progress, self._scenario.window.begin_s
        if report is None:
            return None
        whole_s = self._scenario.window.end_s + self._scenario.window.clear_s - begin_s
        return lambda time_s: report(begin_s + (day * whole_s + time_s - begin_s) / days)
