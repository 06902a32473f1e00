"""Write what SUMO reads, and the exact command that runs it.

Everything of one simulation lies in one directory, and the command names the files by their names alone, so
that the directory can be moved and the run repeated::

    routes.rou.xml.gz    trips with their routes          ┐
    outputs.add.xml      what is recorded, how often      ┼─▶ SUMO ─▶ sumo.log, statistics.xml, *.parquet
    control.add.xml      closures, limits, signal plans   ┤           (only where something acts)
    walks.rou.xml.gz     people on foot                   ┘           (only where somebody walks)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.chance import Chance
from trafficdiff.datatypes.route_writer import write_routes
from trafficdiff.errors import Faults, ScenarioError
from trafficdiff.process import sumo_program
from trafficdiff.publish import publishing_file
from trafficdiff.simulation.additional import write_control
from trafficdiff.simulation.people import write_walks

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.control import Control
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import SimulationOptions, TrackOptions, Window
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["SumoFiles", "command_of", "files_of", "final_time_s", "write_inputs"]

_EDGE_ATTRIBUTES: Final = "density distance timeLoss waitingTime occupancy entered left departed arrived teleported"
_EMISSION_ATTRIBUTES: Final = "CO2_abs NOx_abs PMx_abs fuel_abs electricity_abs"
_TRACK_ATTRIBUTES: Final = "id,x,y,angle,type,speed,lane,edge"
"""Vehicles say their lane, pedestrians their edge."""
_LANE_CHANGE_S: Final = 3.0
"""How long a lane change takes where it is smooth [s]: the short end of what drivers take (mean 4.6 s, Toledo and Zohar
2007, Transportation Research Record 1999), for SUMO lets a vehicle block both lanes meanwhile."""
_SUBLANE_M: Final = 0.8
"""Width of the strips into which lanes are divided [m]: the example of SUMO's documentation, a bicycle's width."""
_PROGRESS_MARKS: Final = 2_000
"""SUMO's stdout reaches a file in blocks of about forty marks."""


@dataclass(frozen=True)
class SumoFiles:
    """Name the files of one simulation in its directory."""

    directory: Path
    has_emissions: bool
    has_stops: bool
    has_tracks: bool
    has_control: bool = False
    has_walks: bool = False

    @property
    def routes(self) -> Path:
        """Trips with their routes."""
        return self.directory / "routes.rou.xml.gz"

    @property
    def additional(self) -> Path:
        """What is recorded by edge."""
        return self.directory / "outputs.add.xml"

    @property
    def control(self) -> Path:
        """What acts while SUMO runs."""
        return self.directory / "control.add.xml"

    @property
    def walks(self) -> Path:
        """People on foot."""
        return self.directory / "walks.rou.xml.gz"

    @property
    def inputs(self) -> tuple[Path, ...]:
        """What SUMO reads, the net aside."""
        further = ((self.control, self.has_control), (self.walks, self.has_walks))
        return (self.routes, self.additional, *(path for path, wanted in further if wanted))

    @property
    def log(self) -> Path:
        """Everything that SUMO said."""
        return self.directory / "sumo.log"

    @property
    def statistics(self) -> Path:
        """Totals of the run."""
        return self.directory / "statistics.xml"

    @property
    def edges(self) -> Path:
        """Traffic by interval and edge."""
        return self.directory / "edges.parquet"

    @property
    def emissions(self) -> Path:
        """Emissions by interval and edge."""
        return self.directory / "emissions.parquet"

    @property
    def trips(self) -> Path:
        """One row a vehicle."""
        return self.directory / "tripinfo.parquet"

    @property
    def summary(self) -> Path:
        """One row a second."""
        return self.directory / "summary.parquet"

    @property
    def stops(self) -> Path:
        """One row a stop."""
        return self.directory / "stops.xml"

    @property
    def tracks(self) -> Path:
        """One row a vehicle and step."""
        return self.directory / "tracks.parquet"

    @property
    def people(self) -> Path:
        """One row a walk."""
        return self.directory / "people.xml"

    @property
    def outputs(self) -> tuple[Path, ...]:
        """What a complete run leaves behind, the log aside."""
        chosen = (
            (self.emissions, self.has_emissions),
            (self.stops, self.has_stops),
            (self.tracks, self.has_tracks),
            (self.people, self.has_walks),
        )
        always = (self.statistics, self.edges, self.trips, self.summary)
        return always + tuple(path for path, wanted in chosen if wanted)

    def discard_outputs(self) -> None:
        """Delete what SUMO has written; the inputs and the log stay."""
        for path in (*self.outputs, self.emissions, self.stops, self.tracks, self.people):
            path.unlink(missing_ok=True)


def final_time_s(window: Window) -> float:
    """Return the time at which SUMO stops [s].

    SUMO either runs to a fixed end or until the roads are empty, never "until empty, but at most". So it always
    runs to the fixed end: an hour of empty roads costs a few hundredths of a second, the readers cut it off, and
    all three ways to drive SUMO end at the same step. At least one second follows the window's end, because SUMO
    reads routes as it goes: a departure in the last step would never be read.
    """
    return window.end_s + max(window.clear_s, 1.0)


def files_of(
    trips: TripSet, *, options: SimulationOptions, directory: Path, control: Control | None = None
) -> SumoFiles:
    """Return the files of a simulation in its directory; nothing is written."""
    return SumoFiles(
        directory.resolve(),
        has_emissions=options.emissions,
        has_stops=trips.charging_stops is not None,
        has_tracks=bool(options.tracks),
        has_control=bool(control),
        has_walks=control is not None and bool(control.walks),
    )


def write_inputs(
    trips: TripSet,
    *,
    options: SimulationOptions,
    directory: Path,
    seed: int,
    control: Control | None = None,
    graph: RoadGraph | None = None,
) -> SumoFiles:
    """Write the routes, the list of outputs and what acts into a directory, which is made if need be.

    Parameters
    ----------
    trips, options, directory
        As `trafficdiff.simulation.run.simulate` takes them.
    seed
        Decides, with a trip's id, who looks for faster ways on the road: trips that come or go move nobody else.
    control
        What acts while SUMO runs; no file is written where nothing does.
    graph
        The roads that SUMO drives on (default: those of the trips).

    Raises
    ------
    ScenarioError
        If the control speaks of roads that are not there.
    StoreError, OSError
        If a file cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    files = files_of(trips, options=options, directory=directory, control=control)
    if control:
        write_control(control, files.control, graph=graph or trips.graph, vehicle_types=trips.vehicle_types)
    for walks in () if control is None else control.walks:
        write_walks(walks, files.walks)
    rerouting = _rerouting(trips, options=options, seed=seed, control=control)
    with publishing_file(files.routes) as temporary:
        write_routes(trips, temporary, rerouting=rerouting)
    files.additional.write_text(_additional(files, period_s=options.period_s), encoding="utf-8")
    return files


def _additional(files: SumoFiles, *, period_s: float) -> str:
    recorded = [("traffic", "", files.edges, _EDGE_ATTRIBUTES)]
    if files.has_emissions:
        recorded.append(("emissions", ' type="emissions"', files.emissions, _EMISSION_ATTRIBUTES))
    lines = [
        f'    <edgeData id="{name}"{kind} file="{path.name}" period="{period_s:g}" excludeEmpty="true" '
        f'writeAttributes="{attributes}"/>'
        for name, kind, path, attributes in recorded
    ]
    return "\n".join(["<additional>", *lines, "</additional>", ""])


def command_of(
    files: SumoFiles,
    *,
    graph: RoadGraph,
    options: SimulationOptions,
    window: Window,
    seed: int,
    progress: bool,
    control: Control | None = None,
) -> list[str]:
    """Return SUMO's command line, to be run in the files' directory.

    Parameters
    ----------
    files
        Where the inputs are.
    graph
        Its net file is what SUMO drives on.
    options, window, seed
        As `trafficdiff.simulation.run.simulate` takes them.
    progress
        Whether SUMO prints the simulated time now and then.
    control
        What was written beside the inputs; its options are passed on.

    Raises
    ------
    ScenarioError
        If times are not multiples of the step, which SUMO would round or refuse, or an option comes twice.
    """
    _check_times(options, window)
    additional = files.additional.name + (f",{files.control.name}" if files.has_control else "")
    words = [
        *(str(sumo_program("sumo")), "--net-file", str(graph.net_path.resolve())),
        *("--route-files", files.routes.name + (f",{files.walks.name}" if files.has_walks else "")),
        *("--additional-files", additional),
        *("--begin", _seconds(window.begin_s), "--end", _seconds(final_time_s(window))),
        *("--step-length", f"{options.step_s:g}", "--seed", str(seed), "--threads", str(options.threads)),
        *("--time-to-teleport", f"{options.time_to_teleport_s:g}"),
        *(["--device.rerouting.period", f"{options.rerouting_period_s:g}"] if options.rerouting_share else []),
        *("--xml-validation", "never", "--xml-validation.net", "never", "--xml-validation.routes", "never"),
        *("--precision", "6", "--statistic-output", files.statistics.name),
        *("--tripinfo-output", files.trips.name, "--tripinfo-output.write-unfinished"),
        *("--tripinfo-output.write-undeparted", "--summary-output", files.summary.name),
        *("--summary-output.period", "1"),
    ]
    if files.has_stops:
        words += ["--stop-output", files.stops.name, "--stop-output.write-unfinished"]
    if files.has_walks:
        words += ["--personinfo-output", files.people.name]
    if files.has_tracks:
        words += ["--fcd-output", files.tracks.name, "--fcd-output.attributes", _TRACK_ATTRIBUTES]
        words += _track_times(options.tracks, window) + _across_lanes(options.tracks)
    if options.resolution == "meso":
        words += ["--mesosim", "--meso-junction-control"]
    if control:
        words += _further_options(control, words)
    steps = (final_time_s(window) - window.begin_s) / options.step_s
    return words + (["--step-log.period", str(max(1, int(steps / _PROGRESS_MARKS)))] if progress else ["--no-step-log"])


def _track_times(tracks: bool | TrackOptions, window: Window) -> list[str]:
    """Return from when and how often ways are kept; SUMO knows no end, the reader cuts there."""
    if isinstance(tracks, bool):
        return []
    begin_s = window.begin_s if tracks.begin_s is None else max(tracks.begin_s, window.begin_s)
    return ["--device.fcd.begin", _seconds(begin_s), "--device.fcd.period", _seconds(tracks.step_s)]


def _across_lanes(tracks: bool | TrackOptions) -> list[str]:
    """Return how vehicles move across lanes; nothing where they jump, which is SUMO's default."""
    if isinstance(tracks, bool) or tracks.lateral is None:
        return []
    if tracks.lateral == "sublane":
        return ["--lateral-resolution", f"{_SUBLANE_M:g}"]
    return ["--lanechange.duration", f"{_LANE_CHANGE_S:g}"]


def _further_options(control: Control, words: list[str]) -> list[str]:
    """Return the options that the control asks for, each as ``--name value``; none may be there already."""
    faults = Faults("options of the control")
    names = [f"--{name}" for name, _ in control.options]
    for name in sorted({name for name in names if names.count(name) > 1 or name in words}):
        faults.add(f"expected each SUMO option once, got {name} twice; leave one measure out")
    faults.raise_if_any(ScenarioError)
    return [word for name, value in control.options for word in (f"--{name}", value)]


def _rerouting(
    trips: TripSet, *, options: SimulationOptions, seed: int, control: Control | None
) -> NDArray[np.bool_] | None:
    """Return who looks for faster ways on the road, shape (T,); None where nobody does.

    SUMO would draw them one after the other, so that one trip less changes all that follow.
    """
    if options.rerouting_share == 0:
        return None
    drawn = Chance(f"rerouting {seed}").uniforms(trips.trip_id) < options.rerouting_share
    held = control.keeps_route if control is not None else ()
    return drawn & ~np.isin(trips.trip_id.astype(str), held) if held else drawn


def _check_times(options: SimulationOptions, window: Window) -> None:
    faults = Faults("simulation times")
    times = {"begin_s": window.begin_s, "end_s": window.end_s, "clear_s": window.clear_s, "period_s": options.period_s}
    if not isinstance(options.tracks, bool):
        times |= {"tracks.begin_s": options.tracks.begin_s or 0.0, "tracks.step_s": options.tracks.step_s}
    for name, value in times.items():
        steps = value / options.step_s
        if abs(steps - round(steps)) > 1e-6:
            faults.add(f"expected {name} to be a multiple of step_s = {options.step_s:g} s, got {value:g} s")
    if abs(1 / options.step_s - round(1 / options.step_s)) > 1e-6:
        faults.add(f"expected a step that divides one second (1, 0.5, 0.25, 0.2, 0.1 ...), got {options.step_s:g} s")
    faults.raise_if_any(ScenarioError)


def _seconds(value: float) -> str:
    """Write a time so that no digit is lost; ``:g`` would turn 1234567 into 1.23457e+06."""
    return f"{value:.3f}".rstrip("0").rstrip(".")
