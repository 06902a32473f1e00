"""Read SUMO's totals (statistics) and its second-by-second summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import SimulationError
from trafficdiff.simulation.columns import read_columns

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Statistics", "read_statistics", "read_summary"]

_SUMMARY: Final = {
    "vehicles_running": "running",
    "vehicles_waiting": "waiting",
    "vehicles_halting": "halting",
    "vehicles_arrived": "arrived",
}


@dataclass(frozen=True)
class Statistics:
    """Hold the totals that SUMO writes last.

    Parameters
    ----------
    end_s
        Simulated time at the end [s]. (The begin that SUMO writes beside it is 0 under libsumo.)
    loaded, inserted, running, waiting
        Vehicles read from the routes, that entered, that are on the roads at the end, that wait to enter.
    teleports, collisions
        How many SUMO counted.
    jammed
        How often somebody on foot had to squeeze through a crowd.
    """

    end_s: float
    loaded: int
    inserted: int
    running: int
    waiting: int
    teleports: int
    collisions: int
    jammed: int = 0


def read_statistics(path: Path) -> Statistics:
    """Read SUMO's statistics output.

    Raises
    ------
    SimulationError
        If it is missing or breaks off: SUMO did not come to its end.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import ElementTree

    try:
        found = {child.tag: child.attrib for child in ElementTree.parse(path).iter()}
        performance, vehicles = found["performance"], found["vehicles"]
        return Statistics(
            end_s=float(performance["end"]),
            **{name: int(vehicles[name]) for name in ("loaded", "inserted", "running", "waiting")},
            teleports=int(found["teleports"]["total"]),
            collisions=int(found["safety"]["collisions"]),
            jammed=int(found.get("persons", {}).get("jammed", 0)),
        )
    except (OSError, ParseError, KeyError, ValueError) as error:
        raise SimulationError(
            f"expected SUMO's totals in {path.name}, got none that are whole ({error}); SUMO did not come to its end: "
            "see its log"
        ) from error


def read_summary(path: Path) -> dict[str, NDArray[np.generic]]:
    """Read SUMO's summary.

    Returns
    -------
    Arrays of shape (seconds,): ``clock`` [s], ``vehicles_running``, ``vehicles_waiting``, ``vehicles_halting`` and
    ``vehicles_arrived``, each as it is after the step that begins at that time.

    Raises
    ------
    SimulationError
        If the file breaks off.
    """
    columns = read_columns(path, ["time", *_SUMMARY.values()], prefix="step")
    read: dict[str, NDArray[np.generic]] = {"clock": columns.numbers("time")}
    return read | {name: columns.numbers(attribute).astype(np.int32) for name, attribute in _SUMMARY.items()}
