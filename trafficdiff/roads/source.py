"""Find out what the word NETWORK on the command line means.

::

    "helsinki"            a city that travels with the package
    networks/helsinki     a folder with place.toml
    out/helsinki          a built directory
    city.osm[.gz|.pbf]    an OSM file
    city.net.xml[.gz]     a SUMO net
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from trafficdiff.errors import NetworkError
from trafficdiff.resources import bundled_places
from trafficdiff.roads.naming import name_of
from trafficdiff.roads.place import PLACE_FILE, Place, bundled_place, read_place
from trafficdiff.roads.screen import screen_source

__all__ = ["BUILD_FILE", "Source", "Summary", "absolute_word", "find_source", "summarise", "word_beside", "word_from"]

BUILD_FILE: Final = "build.json"
"""Provenance of a built directory."""

_MAXIMUM_BUILD_BYTES: Final = 50_000_000


@dataclass(frozen=True)
class Source:
    """Say what a network word names: its kind, the file or folder, and the place card where there is one."""

    kind: Literal["place", "built", "osm", "net"]
    path: Path
    place: Place | None = None


@dataclass(frozen=True)
class Summary:
    """Say what a scenario needs to know about a place before anything is built.

    Parameters
    ----------
    name
        Name for people.
    time_zone
        IANA time zone, or ``""`` where the source does not say.
    box
        West, south, east, north [degrees, WGS 84], or None where the source must be read to know.
    attribution
        Whom to name, or ``""``.
    """

    name: str
    time_zone: str
    box: tuple[float, float, float, float] | None
    attribution: str


def find_source(network: str | Path) -> Source:
    """Return what a network word names.

    A path that exists goes before a bundled city of the same name, unless it is a folder that holds no place and
    no build. Files are told apart by their content.

    Raises
    ------
    NetworkError
        If it names nothing that can be used; the bundled cities are listed.
    """
    path = Path(network)
    if path.is_dir():
        if (path / PLACE_FILE).exists():
            return Source("place", path, read_place(path))
        if (path / BUILD_FILE).exists():
            return Source("built", path)
    elif path.exists():
        return Source("net" if screen_source(path).kind == "net" else "osm", path)
    if (place := bundled_place(str(network))) is not None:
        return Source("place", place.folder, place)
    came = "a folder without place.toml or build.json" if path.is_dir() else "nothing of that name"
    raise NetworkError(
        f"{network}: expected a place, a built directory, an OSM file or a net.xml[.gz], got {came}; "
        f"cities that are ready: {', '.join(bundled_places())}"
    )


def absolute_word(network: str) -> str:
    """Return a network word, as typed, so that it means the same in every folder: a path becomes absolute.

    The name of a bundled city, and a word that names nothing, stay as they are.
    """
    path = Path(network)
    if not path.exists() or (network in bundled_places() and not _may_be_network(path)):
        return network
    if path.name in {"", ".."}:
        return str(path.resolve())
    return str(path.parent.resolve() / path.name)  # a link keeps its own name


def word_beside(network: str, folder: Path) -> str:
    """Return a network word for a scenario file in a folder: a path relative to it, absolute where that needs ``..``.

    Parameters
    ----------
    network
        As typed, relative to the working directory.
    folder
        Where the scenario file will be.
    """
    word = absolute_word(network)
    if not Path(word).is_absolute() or not Path(word).is_relative_to(folder.resolve()):
        return word
    return Path(word).relative_to(folder.resolve()).as_posix()


def word_from(network: str, folder: Path) -> str:
    """Return what a scenario's network word means: a path from its folder, else from the working directory, or a city.

    A folder that holds no place and no build hides neither of the latter.
    """
    beside = folder / network
    if _may_be_network(beside) or not (_may_be_network(Path(network)) or network in bundled_places()):
        return str(beside if beside.exists() else network)
    return network


def _may_be_network(path: Path) -> bool:
    """Return whether a path is a file, or a folder that holds a place or a build."""
    return path.is_file() or (path / PLACE_FILE).exists() or (path / BUILD_FILE).exists()


def summarise(network: str | Path) -> Summary:
    """Return name, time zone and box of a network without building it.

    Raises
    ------
    NetworkError
        If it names nothing that can be used.
    """
    source = find_source(network)
    if source.place is not None:
        place = source.place
        return Summary(place.name, place.time_zone, place.box, place.attribution)
    if source.kind == "built":
        record = read_build_record(source.path)
        west, south, east, north = record["bounds"]
        box = (float(west), float(south), float(east), float(north))
        return Summary(str(record["name"]), str(record["time_zone"]), box, str(record["attribution"]))
    return Summary(name_of(source.path), "", None, "")


def read_build_record(directory: Path) -> dict[str, Any]:
    """Return the provenance of a built directory, ``build.json``, as it was written.

    Raises
    ------
    NetworkError
        If it is missing, over 50 MB, or not a record of a build.
    """
    path = directory / BUILD_FILE
    try:
        if path.stat().st_size > _MAXIMUM_BUILD_BYTES:
            raise NetworkError(f"{path}: expected a record of at most 50 MB; build the network again")
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NetworkError(f"{path}: expected the record of a build, got {error}; build the network again") from error
    if not isinstance(record, dict) or not {"name", "time_zone", "bounds", "attribution"} <= record.keys():
        raise NetworkError(f"{path}: expected the record of a build, got something else; build the network again")
    return record
