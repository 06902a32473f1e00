"""Turn a crop of OSM into a SUMO net with the native netconvert of the wheel."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from trafficdiff.errors import DeadlineError, NetworkError
from trafficdiff.process import last_words, run_program, sumo_home, sumo_program

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ConvertOptions", "Converted", "convert", "pack_net"]

_SHOWN_CHARACTERS: Final = 400
_PROLOG_COMMENT: Final = re.compile(rb"\A(<\?xml[^>]*\?>)?\s*<!--.*?-->\s*", re.DOTALL)
_ORIGINAL: Final = re.compile(r'(<param key="origId" value=")([^"]*)(")')


@dataclass(frozen=True, kw_only=True)
class ConvertOptions:
    """Choose what kind of net is made.

    Parameters
    ----------
    left_hand
        Whether traffic drives on the left; None asks the place's coordinates.
    urban_speeds
        Whether main roads without a speed limit count as urban (50 km/h instead of 100, SUMO's type map
        ``osmNetconvertUrbanDe``); None asks how dense the streets are.
    sidewalks, crossings, bicycles
        Whether sidewalks, pedestrian crossings and cycle lanes are made.
    keep_classes
        SUMO vehicle classes; edges that none of them may use are left out.
    actuated_signals
        Whether signals extend their green by detectors instead of a fixed plan.
    turn_lanes
        Whether ``turn:lanes`` of OSM decide which lane turns where.
    """

    left_hand: bool | None = None
    urban_speeds: bool | None = None
    sidewalks: bool = False
    crossings: bool = False
    bicycles: bool = False
    keep_classes: tuple[str, ...] = ("passenger",)
    actuated_signals: bool = False
    turn_lanes: bool = False

    @property
    def needs_paths(self) -> bool:
        """Whether footways and cycleways matter."""
        return self.sidewalks or self.crossings or self.bicycles or bool(set(self.keep_classes) - {"passenger"})


@dataclass(frozen=True, kw_only=True)
class Converted:
    """Say how netconvert went: its command, all that it said, its warnings, and what it cost."""

    command: tuple[str, ...]
    output: str
    warnings: tuple[str, ...]
    cpu_s: float
    peak_memory_bytes: int


def convert(crop: Path, *, net: Path, log: Path, options: ConvertOptions, deadline_s: float = 1_800.0) -> Converted:
    """Make a SUMO net from a crop.

    The net is plain XML in UTM coordinates with OSM way ids in ``origId``. It runs in the folder of `net`, with
    relative paths, so that the command kept in the net tells nothing about the machine.

    Parameters
    ----------
    crop
        OSM XML as `trafficdiff.roads.extract.extract` writes it, in the folder of `net`.
    net, log
        Files to write.
    options
        `left_hand` and `urban_speeds` decided, not None.
    deadline_s
        Wall-clock limit [s].

    Raises
    ------
    NetworkError
        If netconvert fails or leaves no net.
    DeadlineError
        If it does not finish in time.
    """
    command = [str(sumo_program("netconvert")), *_arguments(crop, net, options)]
    try:
        finished = run_program(command, log=log, deadline_s=deadline_s, directory=net.parent)
    except DeadlineError as error:
        error.log = log
        raise
    if finished.returncode != 0 or not net.exists():
        said = last_words(finished.output)[:_SHOWN_CHARACTERS]
        failure = NetworkError(
            f"expected netconvert to make a net of the roads, it failed ({finished.returncode}): {said}; "
            "try a smaller area, or look at the roads in an editor"
        )
        failure.log = log
        raise failure
    warnings = tuple(line for line in finished.output.splitlines() if line.startswith("Warning"))
    return Converted(
        command=finished.command,
        output=finished.output,
        warnings=warnings,
        cpu_s=finished.cpu_s,
        peak_memory_bytes=finished.peak_memory_bytes,
    )


def _arguments(crop: Path, net: Path, options: ConvertOptions) -> list[str]:
    """Return netconvert's arguments; the fixed ones make the cleanest net of a city centre, measured on Helsinki."""
    arguments = [
        "--osm-files", crop.name, "--output-file", net.name, "--type-files", ",".join(_type_maps(options)),
        "--proj.utm", "true", "--lefthand", _word(options.left_hand),
        "--output.original-names", "true", "--output.street-names", "true",
        "--geometry.remove", "true", "--ramps.guess", "true", "--roundabouts.guess", "true",
        "--junctions.join", "true",
        "--tls.guess-signals", "true", "--tls.discard-simple", "true", "--tls.join", "true",
        "--tls.default-type", "actuated" if options.actuated_signals else "static",
        "--osm.turn-lanes", _word(options.turn_lanes),
        "--aggregate-warnings", "-1",
        "--keep-edges.by-vclass", ",".join(options.keep_classes),
    ]  # fmt: skip
    if options.sidewalks:
        arguments += ["--sidewalks.guess", "true"]
    if options.crossings:
        arguments += ["--crossings.guess", "true"]
    return arguments


def _type_maps(options: ConvertOptions) -> list[str]:
    names = ["osmNetconvert"]
    if options.urban_speeds:
        names.append("osmNetconvertUrbanDe")
    if options.sidewalks:
        names.append("osmNetconvertPedestrians")
    if options.bicycles:
        names.append("osmNetconvertBicycle")
    return [str(sumo_home() / "data" / "typemap" / f"{name}.typ.xml") for name in names]


def _word(flag: bool | None) -> str:
    return "true" if flag else "false"


def pack_net(net: Path, *, packed: Path, origin_of: dict[int, int]) -> None:
    """Compress a net so that equal roads give equal bytes.

    The comment with date and command before ``<net>`` is dropped, and ``origId`` names the OSM ways that
    pieces were cut from.

    Parameters
    ----------
    net, packed
        Plain net to read, gzip file to write.
    origin_of
        OSM way id by piece id, for pieces that have an id of their own.
    """
    content = _PROLOG_COMMENT.sub(rb"\1\n", net.read_bytes(), count=1)
    if origin_of:
        content = _ORIGINAL.sub(lambda match: _renamed(match, origin_of), content.decode()).encode()
    with packed.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="", compresslevel=6) as out:
        out.write(content)


def _renamed(match: re.Match[str], origin_of: dict[int, int]) -> str:
    words = (str(origin_of.get(int(word), word)) if word.lstrip("-").isdigit() else word for word in match[2].split())
    return match[1] + " ".join(dict.fromkeys(words)) + match[3]
