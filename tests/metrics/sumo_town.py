"""Run SUMO on a small net and read what it wrote, without the package's own readers: a second implementation."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from trafficdiff.process import run_program, sumo_program
from trafficdiff.units import with_attributes

if TYPE_CHECKING:
    from pathlib import Path

_ATTRIBUTES = {
    "travel_distance": "distance",
    "time_loss": "timeLoss",
    "waiting_time": "waitingTime",
    "entered": "entered",
    "left": "left",
    "departed": "departed",
    "arrived": "arrived",
}


@dataclass(frozen=True)
class SumoRun:
    """What one run left behind."""

    data: xr.Dataset
    """The edge data in the shape of `SimulationResult.data`; signals are left out."""

    sampled_seconds: np.ndarray
    """SUMO's ``sampledSeconds``, which count until a vehicle's tail has left, shape (time, edge)."""

    own: dict[str, np.ndarray]
    """SUMO's own derived columns (``speed``, ``density``, ...), shape (time, edge), NaN where it left them out."""

    trips: list[dict[str, str]]
    """Attributes of every tripinfo."""

    def trip_sum(self, attribute: str) -> float:
        return sum(float(trip[attribute]) for trip in self.trips)


def run_sumo(net: Path, *, routes: str, directory: Path, period_s: int, internal: bool = False) -> SumoRun:
    """Run SUMO to the end of the demand and read its edge data and trips."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "routes.rou.xml").write_text(f"<routes>{routes}</routes>")
    (directory / "edges.add.xml").write_text(
        f'<additional><edgeData id="e" file="edges.xml" freq="{period_s}" withInternal="{internal}"/></additional>'
    )
    command = [
        sumo_program("sumo"), "-n", net, "-r", "routes.rou.xml", "-a", "edges.add.xml", "--tripinfo-output",
        "trips.xml", "--seed", 7, "--no-step-log", "-X", "never", "--time-to-teleport", -1, "--precision", 6,
    ]  # fmt: skip
    finished = run_program(list(map(str, command)), log=directory / "sumo.log", deadline_s=60, directory=directory)
    assert finished.returncode == 0, finished.output
    return _read(net, directory)


def _read(net: Path, directory: Path) -> SumoRun:
    intervals = list(ET.parse(directory / "edges.xml").iter("interval"))
    rows = [{edge.get("id", ""): edge.attrib for edge in interval.iter("edge")} for interval in intervals]
    lanes = {edge.get("id", ""): edge.findall("lane") for edge in ET.parse(net).iter("edge")}
    names = sorted(rows[0])

    def column(attribute: str, missing: float) -> np.ndarray:
        return np.array([[float(row[name].get(attribute, missing)) for name in names] for row in rows])

    begin = np.array([float(interval.get("begin", "nan")) for interval in intervals])
    end = np.array([float(interval.get("end", "nan")) for interval in intervals])
    coordinates = {
        "time": begin,
        "edge": names,
        "interval_length": ("time", end - begin),
        "edge_length": ("edge", [float(lanes[name][0].get("length", "nan")) for name in names]),
        "edge_lanes": ("edge", [len(lanes[name]) for name in names]),
        "edge_speed_limit": ("edge", [float(lanes[name][0].get("speed", "nan")) for name in names]),
        "edge_signalised": ("edge", [0 for _ in names]),
    }
    length_m = np.array(coordinates["edge_length"][1])
    front_s = column("density", 0.0) / 1000 * length_m * (end - begin)[:, None]
    variables = {"sampled_time": (("time", "edge"), front_s)} | {
        name: (("time", "edge"), column(attribute, 0.0)) for name, attribute in _ATTRIBUTES.items()
    }
    return SumoRun(
        data=with_attributes(xr.Dataset(variables, coordinates)),
        own={name: column(name, np.nan) for name in ("speed", "density", "flow", "traveltime")},
        sampled_seconds=column("sampledSeconds", 0.0),
        trips=[trip.attrib for trip in ET.parse(directory / "trips.xml").iter("tripinfo")],
    )
