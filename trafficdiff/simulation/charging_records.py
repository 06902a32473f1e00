"""Note what happens to cars and stations while the simulation runs, and write it down at its end."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CHARGING_LOG", "PERIOD_S", "CarRecord", "Minutes", "SessionRecord", "write_log"]

CHARGING_LOG: Final = "charging.json"
"""What the run's steering has seen, in the run's directory."""

PERIOD_S: Final = 60.0
"""Loads, queues and occupied plugs are kept by the minute."""

NEVER: Final = -1.0


@dataclass
class CarRecord:
    """Keep what became of one EV that wanted to charge; times [s of the day], -1 where it never happened."""

    row: int
    phase: str = "not departed"
    """not departed, driving, waiting, to plug, charging, charged, gave up, stranded, missed"""
    reason: str = ""
    station: int = -1
    departed_s: float = NEVER
    came_s: float = NEVER
    waited_s: float = 0.0
    tried: int = 0
    teleports: int = 0
    stranded_s: float = NEVER
    stranded_edge: str = ""


@dataclass
class SessionRecord:
    """Keep one stay at a plug: times [s of the day], levels of the battery [Wh], energy into the battery [Wh].

    `energy_wh` is net; `given_wh` is what left the battery for the grid in between, at the battery.
    """

    row: int
    station: int
    plug: int
    came_s: float
    plugged_s: float
    level_in_wh: float
    waited_s: float
    unplugged_s: float = NEVER
    level_out_wh: float = 0.0
    energy_wh: float = 0.0
    given_wh: float = 0.0
    cost: float = 0.0


@dataclass
class Minutes:
    """Keep by minute and station: net energy into batteries and what these gave [Wh], how long plugs gave [car s]."""

    stations: int
    energy_wh: list[list[float]] = field(default_factory=list)
    given_wh: list[list[float]] = field(default_factory=list)
    charging_s: list[list[float]] = field(default_factory=list)

    def begin(self) -> None:
        """Begin a new minute."""
        for rows in (self.energy_wh, self.given_wh, self.charging_s):
            rows.append([0.0] * self.stations)


def write_log(
    directory: Path,
    *,
    begin_s: float,
    end_s: float,
    cars: dict[str, CarRecord],
    sessions: list[SessionRecord],
    minutes: Minutes,
    waits: list[tuple[int, float, float]],
    others_stranded: dict[str, float],
    gives_back: bool = False,
) -> None:
    """Write everything as JSON; `waits` holds station, begin [s] and end [s] of each stay in a queue.

    `gives_back` says whether cars may give energy to the grid.
    """
    content = {
        "begin_s": begin_s,
        "end_s": end_s,
        "cars": {name: asdict(record) for name, record in cars.items()},
        "sessions": [asdict(record) for record in sessions],
        "minutes": asdict(minutes),
        "waits": waits,
        "others_stranded": others_stranded,
        "gives_back": gives_back,
    }
    (directory / CHARGING_LOG).write_text(json.dumps(content), encoding="utf-8")
